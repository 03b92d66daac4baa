/** The daemon as it is watched: its own log, its metrics, its notifications, and reloads that are refused as a whole. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ask } from '../api/serving.ts';
import { type DaemonProcess, until } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { fails, type SmallHost, smallHost, untilFailures, untilStatus } from '../support/small-host.ts';

const CONFIG = `
[server.fail2ban]
authentication = "3/1h"
login = "off"
[source.mail]
files = ["FOLDER/mail.log"]
`;

async function hostOf(t: TestContext, more = ''): Promise<SmallHost> {
  const host = await smallHost(CONFIG + more);
  t.after(() => host.remove());
  await host.write('mail.log');
  return host;
}

interface Record {
  readonly msg: string;
  readonly subject?: string;
  readonly reason?: string;
  readonly count?: number;
  readonly source?: string;
}

async function records(path: string): Promise<Record[]> {
  return (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record);
}

test('every ban is one line with subject, reason, count and source, in a file that SIGUSR1 and a reload open anew', async (t) => {
  const host = await hostOf(t, '[log]\nfile = "FOLDER/tailban.log"\n');
  const daemon = await host.start();
  const [file, old] = [host.path('tailban.log'), host.path('tailban.log.1')];
  await host.write('mail.log', ...fails(host, '198.51.100.40', 3));
  await untilStatus(daemon, 'a ban', ({ bans }) => bans.active === 1);
  const lines = (await records(file)).filter(({ subject }) => subject === '198.51.100.40');
  assert.equal(lines.length, 1);
  const [{ msg, reason, count, source }] = lines as [Record];
  assert.match(msg, /^banned 198\.51\.100\.40 for 1h: 3 failed logins in /);
  assert.match(reason ?? '', /^3 failed logins in /);
  assert.deepEqual({ count, source }, { count: 3, source: 'mail' });
  assert.equal(daemon.output(), '');
  await rename(file, old);
  daemon.signal('SIGUSR1');
  const has = (path: string, ip: string) => async (): Promise<boolean> =>
    (await readFile(path, 'utf8').catch(() => '')).includes(`banned ${ip}`);
  // The signal takes its moment; what comes before it stands in the old file.
  await until('the log to be opened anew', async () => {
    await host.command('ban', '192.0.2.9');
    return has(file, '192.0.2.9')();
  });
  await rename(file, host.path('tailban.log.2'));
  daemon.signal('SIGHUP');
  await until('a reload to open it anew', async () =>
    (await readFile(file, 'utf8').catch(() => '')).includes('reloaded'),
  );
  await host.write('mail.log', ...fails(host, '198.51.100.41', 3));
  await until('a ban in the new file', has(file, '198.51.100.41'));
});

test('metrics are at a port and at the socket, and tell of bans and of how quick they were', async (t) => {
  const port = await freePort();
  const host = await hostOf(t, `[metrics]\nlisten = "127.0.0.1:${port}"\n`);
  const daemon = await host.start();
  const read = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(await read(), /^tailban_bans_total\{cause="authentication",type="address"\} 0$/m);
  await host.write('mail.log', ...fails(host, '198.51.100.42', 3));
  await until('the ban to be in force', async () => /^tailban_ban_latency_seconds_count\{.*\} 1$/m.test(await read()));
  const text = (await ask(host.socket, 'GET', '/metrics')).text;
  for (const line of [
    /^tailban_bans_total\{cause="authentication",type="address"\} 1$/m,
    /^tailban_active_bans\{type="address"\} 1$/m,
    /^tailban_lines_total\{source="mail"\} 12$/m,
    /^tailban_source_up\{source="mail"\} 1$/m,
    /^tailban_ban_latency_seconds_bucket\{le="5",enforcer="[^"]+"\} 1$/m,
    /^tailban_reloads_total\{result="done"\} 0$/m,
  ])
    assert.match(text, line);
  await host.configure(CONFIG);
  await host.command('reload');
  await assert.rejects(read());
  assert.match((await ask(host.socket, 'GET', '/metrics')).text, /^tailban_reloads_total\{result="done"\} 1$/m);
  assert.equal(await daemon.stop(), 0);
});

/** Takes what is posted; one that hangs takes it and never answers. */
async function webhook(t: TestContext, hangs: boolean): Promise<{ url: string; events: { subject?: string }[] }> {
  const events: { subject?: string }[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    events.push(...(JSON.parse(Buffer.concat(pieces).toString()) as { events: { subject?: string }[] }).events);
    if (!hangs) response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, events };
}

test('who is to be told is told, and somebody who hangs holds up neither bans nor the end', async (t) => {
  const [good, hanging] = [await webhook(t, false), await webhook(t, true)];
  const host = await hostOf(
    t,
    `
[notify.good]
webhook = "${good.url}"
every = "1s"
[notify.hanging]
webhook = "${hanging.url}"
every = "1s"
[notify.mail]
mail = "root"
sendmail = "FOLDER/sendmail"
every = "1s"
`,
  );
  await writeFile(host.path('sendmail'), `#!/bin/sh\ncat > ${host.path('mail')}\n`, { mode: 0o755 });
  const daemon = await host.start();
  await host.write('mail.log', ...fails(host, '198.51.100.43', 3));
  const mail = (): Promise<string> => readFile(host.path('mail'), 'utf8').catch(() => '');
  await until('the webhook to be called', () => good.events.length > 0 && hanging.events.length > 0);
  await until('the e-mail', async () => (await mail()).includes('-- \n'));
  assert.deepEqual(
    good.events.map(({ subject }) => subject),
    ['198.51.100.43'],
  );
  assert.match(await mail(), /^Subject: tailban on \S+: 1 ban$/m);
  assert.match(await mail(), /banned 198\.51\.100\.43 until .*: 3 failed logins/);
  const start = performance.now();
  await host.write('mail.log', ...fails(host, '198.51.100.44', 3));
  await untilStatus(daemon, 'a ban', ({ bans }) => bans.active === 2);
  assert.ok(performance.now() - start < 2_000);
  const stopping = performance.now();
  assert.equal(await daemon.stop(), 0);
  assert.ok(performance.now() - stopping < 5_000, `${performance.now() - stopping} ms`);
  assert.deepEqual(
    good.events.map(({ subject }) => subject),
    ['198.51.100.43', '198.51.100.44'],
    'what waits is sent at the end',
  );
});

test('status shows whom nobody can tell, and why, until it works again', async (t) => {
  const server = createServer((request, response) => request.resume().on('end', () => response.end()));
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const host = await hostOf(t, `[notify.chat]\nwebhook = "http://127.0.0.1:${port}/"\nevery = "1s"\n`);
  const daemon = await host.start();
  await host.write('mail.log', ...fails(host, '198.51.100.45', 3));
  await untilStatus(daemon, 'a failure', ({ notifiers, problems }) => {
    const [chat] = notifiers;
    return (
      chat?.failingSince !== null &&
      /^Cannot post to .*ECONNREFUSED/.test(chat?.problem ?? '') &&
      problems.some((text) => text.startsWith('chat cannot be notified: Cannot post to '))
    );
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  await untilStatus(daemon, 'success', ({ notifiers }) => notifiers[0]?.failingSince === null);
  assert.deepEqual((await daemon.api.status()).notifiers, [
    { name: 'chat', waiting: 0, failingSince: null, problem: null },
  ]);
});

async function isAsBefore(host: SmallHost, daemon: DaemonProcess, ip: string): Promise<void> {
  const { bans, events } = await daemon.api.status();
  await host.write('mail.log', ...fails(host, ip, 3));
  await untilFailures(daemon, events.authentication + 3);
  await untilStatus(daemon, 'a ban by the old limit', (status) => status.bans.active === bans.active + 1);
}

test('a reload with one broken part, whatever it is, changes nothing at all', async (t) => {
  const host = await hostOf(t);
  const filters = host.path('filters');
  await mkdir(filters);
  const daemon = await host.start({ args: ['--filters', filters] });
  await isAsBefore(host, daemon, '198.51.100.50');
  // Each time the limit is another, valid one, which must not come into force.
  await host.configure(CONFIG.replace('3/1h', '50/1h'));
  const refused = async (): Promise<string> => {
    const { code, stderr } = await host.command('reload');
    assert.notEqual(code, 0);
    return stderr;
  };
  const broken = `${filters}/own.toml`;
  await writeFile(broken, 'name = "own"\n[[pattern]]\nregex = "("\n');
  assert.match(await refused(), /own\.toml/);
  await isAsBefore(host, daemon, '198.51.100.51');
  await rename(broken, host.path('broken'));
  await mkdir(broken);
  assert.match(await refused(), /own\.toml/);
  await isAsBefore(host, daemon, '198.51.100.52');
  await rename(broken, host.path('folder'));
  await mkdir(host.path('tailban.d'));
  await symlink('/nonexistent', host.path('tailban.d/50-gone.toml'));
  assert.match(await refused(), /50-gone\.toml/);
  await isAsBefore(host, daemon, '198.51.100.53');
  const text = (await ask(host.socket, 'GET', '/metrics')).text;
  assert.match(text, /^tailban_reloads_total\{result="refused"\} 3$/m);
  await rename(host.path('tailban.d/50-gone.toml'), host.path('gone'));
  assert.equal((await host.command('reload')).code, 0);
  const { limits } = await daemon.api.status();
  assert.equal(limits.find(({ kind }) => kind === 'authentication')?.limit?.count, 50);
});
