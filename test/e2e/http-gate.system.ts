/**
 * A real nginx that asks the real daemon before it serves: rates to the request, concurrency, forwarded addresses. In
 * namespaces of their own; needs root, nginx and curl.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nginxGateHttp, nginxGateLocation, nginxGateServer } from '../../src/export/nginx-gate.ts';
import { type DaemonProcess, startDaemonProcess, until } from '../support/daemon.ts';
import { CLIENT4, type NetworkPair, networkPair, SERVER4 } from '../support/netns.ts';

const PROXY = CLIENT4[2];
const GATE = '127.0.0.1:4002';
const HAPROXY_PORT = 8088;
const SLOW_SECONDS = 30;

interface Answer {
  readonly status: number;
  readonly retryAfter: number | null;
  readonly rate: string;
}

let folder: string;
let net: NetworkPair;
let daemon: DaemonProcess;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailban-http-'));
  net = await networkPair();
  const [log, config, socket] = ['access.log', 'tailban.toml', 'tailban.sock'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(log, '');
  await writeFile(join(folder, 'gate-http.conf'), nginxGateHttp('0'));
  const server = nginxGateServer({ address: GATE, key: 'gate-secret-key' }, '0');
  await writeFile(join(folder, 'gate-server.conf'), server.replace('/var/log/nginx/access.log', log));
  await writeFile(join(folder, 'gate.conf'), nginxGateLocation('0'));
  await writeFile(join(folder, 'nginx.conf'), nginxConfig());
  await writeFile(
    config,
    `
[server]
trusted-proxies = ["${PROXY}"]
[jmap.rate-limit]
use-forwarded = true
anonymous = "100/1m"
[http]
forwarded-header = "x-forwarded-for"
[http.gate]
listen = "${GATE}"
key = "gate-secret-key"
account-header = "X-Account"
[source.web]
files = ["${log}"]
filter = ["web-access"]
[firewall]
backend = "nftables"
ports = [80]
[store]
path = "${join(folder, 'tailban.db')}"
`,
  );
  daemon = startDaemonProcess({ config, socket, prefix: ['ip', 'netns', 'exec', net.server] });
  await daemon.ready();
  await daemon.says(/HTTP requests listens/);
  net.spawn(net.server, ['nginx', '-c', join(folder, 'nginx.conf')]);
  await writeFile(join(folder, 'haproxy.cfg'), haproxyConfig());
  net.spawn(net.server, ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')]);
  await until(
    'HAProxy',
    async () => (await net.serverRun(['ss', '-Htln', 'sport', '=', `:${HAPROXY_PORT}`])).stdout !== '',
  );
  await until('nginx', async () => (await net.serverRun(['ss', '-Htln', 'sport', '=', ':80'])).stdout !== '');
});
after(async () => {
  await daemon?.stop();
  await net?.remove();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

function nginxConfig(): string {
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events {}
http {
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  include ${folder}/gate-http.conf;
  server {
    listen 127.0.0.1:8081;
    access_log off;
    location / { return 200 "served\\n"; }
    location /denied { return 403; }
  }
  server {
    listen 80;
    include ${folder}/gate-server.conf;
    location / {
      include ${folder}/gate.conf;
      proxy_pass http://127.0.0.1:8081;
    }
  }
}
`;
}

/** The site behind HAProxy, which asks by the script that we ship. */
function haproxyConfig(): string {
  return `
global
  setenv TAILBAN_GATE http://${GATE}
  setenv TAILBAN_KEY gate-secret-key
  lua-load-per-thread ${fileURLToPath(new URL('../../packaging/haproxy/tailban.lua', import.meta.url))}
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
frontend mail
  bind :${HAPROXY_PORT}
  unique-id-format %[uuid()]
  http-request lua.tailban
  http-request return status 429 hdr Retry-After %[var(txn.tailban_retry)] hdr RateLimit %[var(txn.tailban_rate)] hdr RateLimit-Policy %[var(txn.tailban_policy)] if { var(txn.tailban) -m str 429 }
  http-request deny deny_status 403 if { var(txn.tailban) -m str 403 }
  http-request deny deny_status 401 if { var(txn.tailban) -m str 401 }
  default_backend site
backend site
  server site 127.0.0.1:8081
`;
}

/** One curl process, one connection; an answer for each path. */
async function ask(from: string, paths: readonly string[], ...args: readonly string[]): Promise<Answer[]> {
  const format = '%{http_code} "%header{retry-after}" %header{ratelimit}\\n';
  const targets = paths.flatMap((path) => ['-o', '/dev/null', `http://${SERVER4}${path}`]);
  const argv: [string, ...string[]] = [
    'curl',
    '-sS',
    '--max-time',
    '20',
    '--interface',
    from,
    '-w',
    format,
    ...args,
    ...targets,
  ];
  const { stdout } = await net.clientRun(argv);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, status, retry, rate] = /^(\d{3}) "(\d*)" ?(.*)$/.exec(line) ?? [];
      return { status: Number(status), retryAfter: retry === '' ? null : Number(retry), rate: rate ?? '' };
    });
}

function statuses(answers: readonly Answer[]): number[] {
  return answers.map(({ status }) => status);
}

function times(count: number, path: string): string[] {
  return Array.from({ length: count }, (_, index) => `${path}?${index}`);
}

describe('nginx that asks before it serves', () => {
  it('lets 100 anonymous requests a minute pass, and tells the 101st when to come back', async () => {
    const [from] = CLIENT4;
    const start = Date.now();
    const passed = await ask(from, times(100, '/jmap/session'));
    assert.deepEqual(new Set(statuses(passed)), new Set([200]));
    assert.match(passed[0]?.rate ?? '', /^"anonymous";r=99;t=60$/);
    assert.match(passed[99]?.rate ?? '', /^"anonymous";r=0;t=\d+$/);
    const [refused] = await ask(from, ['/jmap/session']);
    const passedSeconds = (Date.now() - start) / 1000;
    assert.equal(refused?.status, 429);
    // The first of the hundred leaves the window a minute after it was made, which was between start and now.
    assert.ok(refused.retryAfter !== null && refused.retryAfter <= 60, `${refused.retryAfter}`);
    assert.ok(refused.retryAfter >= Math.floor(60 - passedSeconds), `${refused.retryAfter} after ${passedSeconds} s`);
    assert.equal((await ask(CLIENT4[1], ['/jmap/session']))[0]?.status, 200, 'nobody else is refused');
    const status = await daemon.api.status();
    assert.deepEqual(
      status.rates.limited.map(({ subject, rate }) => [subject, rate]),
      [[from, 'anonymous']],
    );
  });

  it('changes nothing for a forged X-Forwarded-For of whoever is no trusted proxy', async () => {
    const [from] = CLIENT4;
    for (const forged of ['198.51.100.1', '198.51.100.2, 127.0.0.1', PROXY])
      assert.equal((await ask(from, ['/jmap/session'], '-H', `X-Forwarded-For: ${forged}`))[0]?.status, 429, forged);
    for (const forged of ['for=198.51.100.3', 'for=127.0.0.1'])
      assert.equal((await ask(from, ['/jmap/session'], '-H', `Forwarded: ${forged}`))[0]?.status, 429, forged);
  });

  it('limits the client behind a trusted proxy, and not the proxy', async () => {
    const through = (client: string): readonly string[] => ['-H', `X-Forwarded-For: 203.0.113.99, ${client}`];
    const passed = await ask(PROXY, times(100, '/jmap/session'), ...through('198.51.100.7'));
    assert.deepEqual(new Set(statuses(passed)), new Set([200]));
    assert.equal((await ask(PROXY, ['/jmap/session'], ...through('198.51.100.7')))[0]?.status, 429);
    assert.equal((await ask(PROXY, ['/jmap/session'], ...through('198.51.100.8')))[0]?.status, 200);
    assert.equal((await ask(PROXY, ['/jmap/session']))[0]?.status, 200, 'the proxy itself');
  });

  it('bans behind a proxy where the gate is asked, and never in the firewall', async () => {
    await daemon.api.ban({ subject: '198.51.100.20', reason: 'test', force: false });
    const headers = ['-H', 'X-Forwarded-For: 198.51.100.20'];
    assert.equal((await ask(PROXY, ['/jmap/session'], ...headers))[0]?.status, 403);
    await assert.rejects(daemon.api.ban({ subject: PROXY, reason: 'test', force: false }), /trusted proxy/);
  });

  it('runs four slow uploads of an account, refuses the fifth, and runs it when one ends', async () => {
    const from = CLIENT4[1];
    const headers = ['-H', `Authorization: Basic ${Buffer.from('alice:secret').toString('base64')}`];
    const upload = (seconds: number): { line(): Promise<string>; stop(): Promise<void> } =>
      net.spawn(net.client, [
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
    const running = async (): Promise<number> => (await daemon.api.status()).rates.running;
    await until('four uploads', async () => (await running()) === 4);
    const quick = ['-d', 'x', ...headers];
    const [fifth] = await ask(from, ['/jmap/upload/1'], ...quick);
    assert.deepEqual([fifth?.status, fifth?.retryAfter], [429, 1]);
    assert.equal((await ask(from, ['/jmap/api'], ...headers))[0]?.status, 200, 'other requests run');
    assert.equal(await first.line(), '200');
    await until('the end of the first', async () => (await running()) === 3);
    assert.equal((await ask(from, ['/jmap/upload/1'], ...quick))[0]?.status, 200);
    // Whoever hangs up gives its place back too.
    await Promise.all(others.map((other) => other.stop()));
    await until('the end of all', async () => (await running()) === 0);
  });

  it('is no other with HAProxy and its script', async () => {
    const from = '192.0.2.30';
    await net.clientRun(['ip', 'addr', 'add', `${from}/24`, 'dev', 'wire']);
    const at = (path: string): string => `:${HAPROXY_PORT}${path}`;
    assert.deepEqual(new Set(statuses(await ask(from, times(100, at('/jmap/session'))))), new Set([200]));
    const [refused] = await ask(from, [at('/jmap/session')], '-H', 'X-Forwarded-For: 198.51.100.9');
    assert.equal(refused?.status, 429);
    assert.ok((refused.retryAfter ?? 0) > 0 && (refused.retryAfter ?? 0) <= 60);
    assert.match(refused.rate, /^"anonymous";r=0/);
    const through = (client: string): readonly string[] => ['-H', `X-Forwarded-For: ${client}`];
    assert.deepEqual(statuses(await ask(PROXY, [at('/')], ...through('198.51.100.20'))), [403], 'banned before');
    assert.deepEqual(statuses(await ask(PROXY, [at('/')], ...through('198.51.100.21'))), [200]);
  });

  it('passes on what the site itself refuses', async () => {
    assert.deepEqual(statuses(await ask('192.0.2.11', ['/denied'])), [403]);
  });

  it('serves everybody while the daemon does not answer', async () => {
    await daemon.stop();
    assert.deepEqual(statuses(await ask(CLIENT4[0], ['/jmap/session'])), [200]);
  });
});
