/**
 * A real nginx that asks the real daemon before it serves: rates to the request, concurrency, forwarded addresses. In
 * namespaces; needs root, nginx and curl.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { nginxGateHttp, nginxGateLocation, nginxGateServer } from '../../src/export/nginx-gate.ts';
import { until } from '../support/daemon.ts';
import { CLIENT4, SERVER4 } from '../support/netns.ts';
import {
  basic,
  GATE,
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

/** The admin has forgotten to export the new key. */
const WRONG_PORT = 82;
const SLOW_SECONDS = 30;

let lab: GateLab;

before(async () => {
  lab = await gateLab();
  const { folder } = lab;
  const gate = nginxGateServer({ address: GATE, key: KEY, accountHeader: 'x-account' }, '0');
  await writeFile(join(folder, 'gate-http.conf'), nginxGateHttp('0'));
  await writeFile(join(folder, 'gate-server.conf'), gate.replace('/var/log/nginx', folder));
  await writeFile(join(folder, 'gate.conf'), nginxGateLocation('0'));
  await writeFile(join(folder, 'gate-wrong.conf'), gate.replace('/var/log/nginx', folder).replace(KEY, 'wrong-key'));
  await lab.serveSite(guarded(folder));
});
after(() => lab?.remove());

function guarded(folder: string): string {
  return `
include ${folder}/gate-http.conf;
server {
  listen ${PORT};
  include ${folder}/gate-server.conf;
  location / {
    include ${folder}/gate.conf;
    proxy_pass http://${SITE};
  }
}
server {
  listen ${WRONG_PORT};
  include ${folder}/gate-wrong.conf;
  include ${folder}/gate.conf;
}`;
}

describe('nginx that asks before it serves', () => {
  it('lets 100 anonymous requests a minute pass, and tells the 101st when to come back', async () => {
    const [from] = CLIENT4;
    const start = Date.now();
    const passed = await lab.ask(from, times(100, '/jmap/session'));
    assert.deepEqual(new Set(statuses(passed)), new Set([200]));
    assert.match(passed[0]?.rate ?? '', /^"anonymous";r=99;t=60$/);
    assert.match(passed[99]?.rate ?? '', /^"anonymous";r=0;t=\d+$/);
    const [refused] = await lab.ask(from, ['/jmap/session']);
    const passedSeconds = (Date.now() - start) / 1000;
    assert.equal(refused?.status, 429);
    // The first of the hundred leaves the window a minute after it was made, which was between start and now.
    assert.ok(refused.retryAfter !== null && refused.retryAfter <= 60, `${refused.retryAfter}`);
    assert.ok(refused.retryAfter >= Math.floor(60 - passedSeconds), `${refused.retryAfter} after ${passedSeconds} s`);
    assert.equal((await lab.ask(CLIENT4[1], ['/jmap/session']))[0]?.status, 200, 'nobody else is refused');
    const status = await lab.daemon.api.status();
    assert.deepEqual(
      status.rates.limited.map(({ subject, rate }) => [subject, rate]),
      [[from, 'anonymous']],
    );
  });

  it('changes nothing for a forged X-Forwarded-For of whoever is no trusted proxy', async () => {
    const [from] = CLIENT4;
    for (const forged of ['198.51.100.1', '198.51.100.2, 127.0.0.1', PROXY])
      assert.equal(
        (await lab.ask(from, ['/jmap/session'], '-H', `X-Forwarded-For: ${forged}`))[0]?.status,
        429,
        forged,
      );
    for (const forged of ['for=198.51.100.3', 'for=127.0.0.1'])
      assert.equal((await lab.ask(from, ['/jmap/session'], '-H', `Forwarded: ${forged}`))[0]?.status, 429, forged);
  });

  it('limits the client behind a trusted proxy, and not the proxy', async () => {
    const through = (client: string): readonly string[] => ['-H', `X-Forwarded-For: 203.0.113.99, ${client}`];
    const passed = await lab.ask(PROXY, times(100, '/jmap/session'), ...through('198.51.100.7'));
    assert.deepEqual(new Set(statuses(passed)), new Set([200]));
    assert.equal((await lab.ask(PROXY, ['/jmap/session'], ...through('198.51.100.7')))[0]?.status, 429);
    assert.equal((await lab.ask(PROXY, ['/jmap/session'], ...through('198.51.100.8')))[0]?.status, 200);
    assert.equal((await lab.ask(PROXY, ['/jmap/session']))[0]?.status, 200, 'the proxy itself');
  });

  it('bans behind a proxy where the gate is asked, and never in the firewall', async () => {
    await lab.daemon.api.ban({ subject: '198.51.100.20', reason: 'test', force: false });
    const headers = ['-H', 'X-Forwarded-For: 198.51.100.20'];
    assert.equal((await lab.ask(PROXY, ['/jmap/session'], ...headers))[0]?.status, 403);
    await assert.rejects(lab.daemon.api.ban({ subject: PROXY, reason: 'test', force: false }), /trusted proxy/);
  });

  it('runs four slow uploads of an account, refuses the fifth, and runs it when one ends', async () => {
    const from = CLIENT4[1];
    const headers = header(basic('alice', 'secret'));
    const upload = (seconds: number): { line(): Promise<string>; stop(): Promise<void> } =>
      lab.net.spawn(lab.net.client, [
        ...[
          'curl',
          '-sS',
          '--interface',
          from,
          ...headers,
          '-H',
          'Expect:',
          '-w',
          '%{http_code}\\n',
          '-o',
          '/dev/null',
        ],
        ...['--limit-rate', '1000', '--data-binary', 'x'.repeat(1000 * seconds), `http://${SERVER4}/jmap/upload/1`],
      ]);
    const first = upload(3);
    const others = [1, 2, 3].map(() => upload(SLOW_SECONDS));
    const running = async (): Promise<number> => (await lab.daemon.api.status()).rates.running;
    await until('four uploads', async () => (await running()) === 4);
    const quick = ['-d', 'x', ...headers];
    const [fifth] = await lab.ask(from, ['/jmap/upload/1'], ...quick);
    assert.deepEqual([fifth?.status, fifth?.retryAfter], [429, 1]);
    assert.equal((await lab.ask(from, ['/jmap/api'], ...headers))[0]?.status, 200, 'other requests run');
    assert.equal(await first.line(), '200');
    await until('the end of the first', async () => (await running()) === 3);
    assert.equal((await lab.ask(from, ['/jmap/upload/1'], ...quick))[0]?.status, 200);
    // Whoever hangs up gives its place back too.
    await Promise.all(others.map((other) => other.stop()));
    await until('the end of all', async () => (await running()) === 0);
  });

  it('takes nothing from the client but its credentials, its path and its address', async () => {
    const from = await lab.stranger();
    const spelled = ['/auth/login', '/%61uth/login', '//auth/login', '/jmap/../auth/login', '/x#/../auth/login'];
    const logins = times(10, '').map((query, index) => `${spelled[index % 4]}${query}`);
    const forged = header(
      'X-Original-URI: /',
      'X-Account: alice',
      'X-Request-ID: one',
      'X-API-Key: x',
      'Connection: X-API-Key',
    );
    assert.deepEqual(new Set(statuses(await lab.ask(from, logins, ...forged))), new Set([200]));
    for (const path of spelled.slice(0, 4))
      assert.deepEqual(statuses(await lab.ask(from, [path], ...forged)), [429], path);
    assert.deepEqual(statuses(await lab.ask(from, ['/jmap/session'])), [200]);
    await until('the end of all', async () => (await lab.daemon.api.status()).rates.running === 0);
  });

  it('knows credentials again however they are spelled', async () => {
    const from = await lab.stranger();
    const right = basic('carol', 'secret');
    const spelled = [right, right.replace('Basic ', 'BASIC   '), basic('Carol', 'secret')];
    const ask = async (...lines: readonly string[]): Promise<number[]> =>
      statuses(await lab.ask(from, ['/jmap/api'], ...header(...lines)));
    for (let n = 0; n < 20; n++) assert.deepEqual(await ask(spelled[n % 3] ?? ''), [200], `${n}`);
    for (const line of spelled) assert.deepEqual(await ask(line), [429], line);
    assert.deepEqual(await ask('Authorization: Bearer invented', right), [400], 'two of them');
  });

  it('lets nobody past who sends what cannot be read', async () => {
    const from = await lab.stranger();
    for (const line of ['Authorization: Bearer \u0001', 'X-Forwarded-For: \u0001', 'Forwarded: \u0001']) {
      const [answer] = await lab.ask(from, ['/jmap/session'], ...header(line));
      assert.ok((answer?.status ?? 200) >= 400, `${line}: ${answer?.status}`);
    }
    const long = header(
      `Cookie: ${'x'.repeat(7_000)}`,
      `X-Long: ${'x'.repeat(7_000)}`,
      `X-Other: ${'x'.repeat(7_000)}`,
    );
    assert.deepEqual(statuses(await lab.ask(from, ['/jmap/session'], ...long)), [200]);
  });

  it('serves nobody with a wrong key, and says so in its error log', async () => {
    assert.deepEqual(statuses(await lab.ask(CLIENT4[0], [`:${WRONG_PORT}/`])), [500]);
    assert.match(await readFile(join(lab.folder, 'error.log'), 'utf8'), /auth request unexpected status: 400/);
  });

  it('passes on what the site itself refuses', async () => {
    assert.deepEqual(statuses(await lab.ask('192.0.2.11', ['/denied'])), [403]);
  });

  it('serves everybody while the daemon does not answer', async () => {
    await lab.daemon.stop();
    assert.deepEqual(statuses(await lab.ask(CLIENT4[0], ['/jmap/session'])), [200]);
  });
});
