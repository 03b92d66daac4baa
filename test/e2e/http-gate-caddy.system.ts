/**
 * A real Caddy that asks the real daemon before it serves, with the snippet of docs/requests.md. In namespaces; needs root,
 * caddy, nginx and curl.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
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

let lab: GateLab;

before(async () => {
  lab = await gateLab();
  await lab.serveSite();
  const caddyfile = join(lab.folder, 'Caddyfile');
  await writeFile(caddyfile, await caddyConfig());
  const home = `HOME=${lab.folder}`;
  await lab.serve(['env', home, 'caddy', 'run', '--config', caddyfile, '--adapter', 'caddyfile']);
});
after(() => lab?.remove());

/** The snippet of the documentation, for a site without TLS. */
async function caddyConfig(): Promise<string> {
  const snippet = await documented(/```caddyfile\n(.*?)```/s, [
    ['mail.example.org {', `http://:${PORT} {`],
    ['KEY', KEY],
    ['127.0.0.1:8080', SITE],
    ['# trusted_proxies 10.0.0.1', `trusted_proxies ${PROXY}`],
  ]);
  return `{\n\tadmin off\n\tauto_https off\n\tlog {\n\t\tlevel ERROR\n\t}\n}\n${snippet}`;
}

describe('Caddy that asks before it serves', () => {
  it('lets 100 anonymous requests a minute pass, and tells the 101st when to come back', async () => {
    const from = await lab.stranger();
    assert.deepEqual(new Set(statuses(await lab.ask(from, times(100, '/jmap/session')))), new Set([200]));
    const [refused] = await lab.ask(from, ['/jmap/session']);
    assert.equal(refused?.status, 429);
    assert.ok((refused.retryAfter ?? 0) > 0 && (refused.retryAfter ?? 99) <= 60, `${refused.retryAfter}`);
    assert.match(refused.rate, /^"anonymous";r=0;t=\d+$/);
    const forged = [
      'X-Forwarded-For: 198.51.100.1',
      'X-Forwarded-Uri: /auth/login',
      'X-Forwarded-Method: POST',
      'X-Account: alice',
      'Connection: X-Forwarded-For, X-Forwarded-Uri, X-API-Key',
      'X-API-Key: other',
    ];
    for (const line of forged)
      assert.deepEqual(statuses(await lab.ask(from, ['/jmap/session'], ...header(line))), [429], line);
  });

  it('takes the path that is asked for, and none that the client names', async () => {
    const from = await lab.stranger();
    const spelled = ['/auth/login', '/%61uth/login', '//auth/login', '/jmap/../auth/login'];
    const logins = times(10, '').map((query, index) => `${spelled[index % spelled.length]}${query}`);
    assert.deepEqual(new Set(statuses(await lab.ask(from, logins, ...header('X-Forwarded-Uri: /')))), new Set([200]));
    assert.deepEqual(statuses(await lab.ask(from, ['/auth/login'], ...header('X-Forwarded-Uri: /'))), [429]);
    assert.deepEqual(statuses(await lab.ask(from, ['/jmap/session'])), [200]);
  });

  it('limits the client behind a trusted proxy, and forbids it when it is banned', async () => {
    const through = (client: string): string[] => header(`X-Forwarded-For: 203.0.113.99, ${client}`);
    const passed = await lab.ask(PROXY, times(100, '/jmap/session'), ...through('198.51.100.7'));
    assert.deepEqual(new Set(statuses(passed)), new Set([200]));
    assert.deepEqual(statuses(await lab.ask(PROXY, ['/jmap/session'], ...through('198.51.100.7'))), [429]);
    assert.deepEqual(statuses(await lab.ask(PROXY, ['/jmap/session'], ...through('198.51.100.8'))), [200]);
    await lab.daemon.api.ban({ subject: '198.51.100.20', reason: 'test', force: false });
    assert.deepEqual(statuses(await lab.ask(PROXY, ['/jmap/session'], ...through('198.51.100.20'))), [403]);
    await lab.daemon.api.ban({ subject: 'login:locked', reason: 'test', force: false });
    const from = await lab.stranger();
    assert.deepEqual(statuses(await lab.ask(from, ['/jmap/session'], ...header(basic('locked', 'x')))), [401]);
  });

  it('knows credentials again however they are spelled, and those that are invented as nobody new', async () => {
    const from = await lab.stranger();
    const right = basic('carol', 'secret');
    const spelled = [right, right.replace('Basic ', 'BASIC   '), basic('Carol', 'secret')];
    const ask = async (...lines: readonly string[]): Promise<number[]> =>
      statuses(await lab.ask(from, ['/jmap/api'], ...header(...lines)));
    for (let n = 0; n < 20; n++) assert.deepEqual(await ask(spelled[n % spelled.length] ?? ''), [200], `${n}`);
    for (const line of spelled) assert.deepEqual(await ask(line), [429], line);
    assert.match(
      (await lab.ask(from, ['/jmap/api'], ...header('Authorization: Bearer invented', right)))[0]?.rate ?? '',
      /^$/,
    );
    const statusesOfInvented: number[] = [];
    for (let n = 0; n < 20; n++) statusesOfInvented.push(...(await ask(`Authorization: Bearer invented${n}`)));
    // One of the twenty was the first request with the right credentials.
    assert.deepEqual(statusesOfInvented, [...Array(19).fill(200), 429]);
  });

  it('sends bodies on, and holds no request back for others that it does not know the end of', async () => {
    const from = await lab.stranger();
    const body = ['-d', 'x'.repeat(20_000), ...header(basic('dave', 'secret'), 'X-Request-ID: chosen')];
    assert.deepEqual(new Set(statuses(await lab.ask(from, times(8, '/jmap/upload/1'), ...body))), new Set([200]));
  });

  it('serves everybody while the daemon hangs, and while it is gone', async () => {
    const from = await lab.stranger();
    lab.daemon.signal('SIGSTOP');
    const [hanging, post] = [await lab.ask(from, ['/jmap/session']), await lab.ask(from, ['/jmap/api'], '-d', 'x')];
    lab.daemon.signal('SIGCONT');
    assert.deepEqual(statuses([...hanging, ...post]), [200, 200]);
    await lab.daemon.stop();
    assert.deepEqual(statuses(await lab.ask(from, times(3, '/jmap/session'))), [200, 200, 200]);
  });
});
