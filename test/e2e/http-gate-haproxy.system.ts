/** A real HAProxy that asks the real daemon by the script that we ship. In namespaces; needs root, haproxy, nginx and curl. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../support/daemon.ts';
import { SERVER4 } from '../support/netns.ts';
import {
  basic,
  documented,
  type GateLab,
  gateLab,
  header,
  KEY,
  PORT,
  PROXY,
  SITE,
  statuses,
  times,
} from './http-gate-lab.ts';

const SCRIPT = fileURLToPath(new URL('../../packaging/haproxy/tailban.lua', import.meta.url));

let lab: GateLab;

before(async () => {
  lab = await gateLab('haproxy');
  await lab.serveSite();
  const path = join(lab.folder, 'haproxy.cfg');
  await writeFile(path, await haproxyConfig());
  // Its log goes to standard output, which is the file that the daemon reads.
  const command = 'exec haproxy -db -f "$1" >>"$2"';
  await lab.serve(['sh', '-c', command, 'haproxy', path, join(lab.folder, 'access.log')]);
});
after(() => lab?.remove());

/** The snippet of the documentation. */
async function haproxyConfig(): Promise<string> {
  const snippet = await documented(/```haproxy\n(global.*?)```/s, [
    ['/usr/share/tailban/haproxy/tailban.lua', SCRIPT],
    ['TAILBAN_KEY KEY', `TAILBAN_KEY ${KEY}`],
    [
      'frontend mail',
      `defaults\n    mode http\n    log stdout format raw local0 info\n    timeout connect 2s\n    timeout client 10s\n    timeout server 10s\nfrontend mail\n    bind :${PORT}`,
    ],
  ]);
  return `${snippet}    default_backend site\nbackend site\n    server site ${SITE}\n`;
}

describe('HAProxy that asks before it serves', () => {
  it('lets 100 anonymous requests a minute pass, and tells the 101st when to come back', async () => {
    const from = await lab.stranger();
    assert.deepEqual(new Set(statuses(await lab.ask(from, times(100, '/jmap/session')))), new Set([200]));
    const forged = ['X-Forwarded-For: 198.51.100.9', 'X-Forwarded-Uri: /auth/x', 'X-Account: alice', 'X-API-Key: x'];
    for (const line of forged) {
      const [refused] = await lab.ask(from, ['/jmap/session'], ...header(line));
      assert.equal(refused?.status, 429, line);
      assert.ok((refused.retryAfter ?? 0) > 0 && (refused.retryAfter ?? 99) <= 60, `${refused.retryAfter}`);
      assert.match(refused.rate, /^"anonymous";r=0/);
    }
  });

  it('limits the client behind a trusted proxy, and forbids it when it is banned', async () => {
    const through = (client: string): readonly string[] => header(`X-Forwarded-For: ${client}`);
    await lab.daemon.api.ban({ subject: '198.51.100.20', reason: 'test', force: false });
    assert.deepEqual(statuses(await lab.ask(PROXY, ['/'], ...through('198.51.100.20'))), [403]);
    assert.deepEqual(statuses(await lab.ask(PROXY, ['/'], ...through('198.51.100.21'))), [200]);
  });

  it('takes the path that is asked for, however it is spelled', async () => {
    const from = await lab.stranger();
    const spelled = ['/auth/login', '/%61uth/login', '//auth/login', '/jmap/../auth/login'];
    const logins = times(10, '').map((query, index) => `${spelled[index % 4]}${query}`);
    assert.deepEqual(new Set(statuses(await lab.ask(from, logins))), new Set([200]));
    for (const path of spelled.slice(0, 4)) assert.deepEqual(statuses(await lab.ask(from, [path])), [429], path);
  });

  it('knows credentials again, and lets nobody past who sends what cannot be read', async () => {
    const from = await lab.stranger();
    const right = basic('carol', 'secret');
    const ask = async (...lines: readonly string[]): Promise<number[]> =>
      statuses(await lab.ask(from, ['/jmap/api'], ...header(...lines)));
    for (let n = 0; n < 20; n++) {
      assert.deepEqual(await ask(right), [200], `${n}`);
      await until('its end', async () => (await lab.daemon.api.status()).rates.running === 0);
    }
    for (const line of [right, right.replace('Basic ', 'BASIC   '), basic('Carol', 'secret')])
      assert.deepEqual(await ask(line), [429], line);
    for (const line of ['Authorization: Bearer \u0001', 'X-Forwarded-For: \u0001']) {
      const [status = 200] = await ask(line);
      assert.ok(status >= 400, `${line}: ${status}`);
    }
  });

  it('runs four requests of an account at once, and the next when one ends', async () => {
    const from = await lab.stranger();
    const running = async (): Promise<number> => (await lab.daemon.api.status()).rates.running;
    await until('the end of all', async () => (await running()) === 0);
    const slow = [
      'curl',
      '-s',
      '--interface',
      from,
      ...header(basic('erin', 'secret'), 'Expect:'),
      '--limit-rate',
      '1000',
    ];
    const upload = ['--data-binary', 'x'.repeat(30_000), '-o', '/dev/null', `http://${SERVER4}/jmap/upload/1`];
    const uploads = [1, 2, 3, 4].map(() => lab.net.spawn(lab.net.client, [...slow, ...upload]));
    await until('four uploads', async () => (await running()) === 4);
    const quick = ['-d', 'x', ...header(basic('erin', 'secret'))];
    assert.deepEqual(statuses(await lab.ask(from, ['/jmap/upload/1'], ...quick)), [429]);
    await uploads[0]?.stop();
    await until('the end of one', async () => (await running()) === 3);
    assert.deepEqual(statuses(await lab.ask(from, ['/jmap/upload/1'], ...quick)), [200]);
    await Promise.all(uploads.map((one) => one.stop()));
  });

  it('serves everybody while the daemon is gone', async () => {
    await lab.daemon.stop();
    assert.deepEqual(statuses(await lab.ask(await lab.stranger(), ['/jmap/session'])), [200]);
  });
});
