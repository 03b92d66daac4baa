/**
 * The real daemon with its HTTP gate, a site that serves everything, and clients, in namespaces of their own. The web
 * server that asks the gate is the test's. Needs root, nginx and curl.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DaemonProcess, startDaemonProcess, until } from '../support/daemon.ts';
import { CLIENT4, type NetworkPair, networkPair, SERVER4 } from '../support/netns.ts';

/** Where the web server that asks listens. */
export const PORT = 80;
export const PROXY = CLIENT4[2];
export const GATE = '127.0.0.1:4002';
export const KEY = 'gate-secret-key';
const SITE_PORT = 8081;
export const SITE = `127.0.0.1:${SITE_PORT}`;
const PAGE = new URL('../../docs/requests.md', import.meta.url);

export interface Answer {
  readonly status: number;
  readonly retryAfter: number | null;
  readonly rate: string;
}

export interface GateLab {
  readonly folder: string;
  readonly net: NetworkPair;
  readonly daemon: DaemonProcess;
  /** An address that has not asked yet. */
  stranger(): Promise<string>;
  /** Starts a web server, and waits until it listens; where nothing else is said, it is the one that asks. */
  serve(argv: readonly string[], port?: number): Promise<void>;
  /** Starts nginx with the site, and beside it what is given. */
  serveSite(http?: string): Promise<void>;
  /** One curl process, one connection; an answer for each path, which may begin with a port. */
  ask(from: string, paths: readonly string[], ...args: readonly string[]): Promise<Answer[]>;
  remove(): Promise<void>;
}

/** What the web server writes to `access.log` in the folder, the daemon reads with the filter. */
export async function gateLab(filter: 'web-access' | 'haproxy' = 'web-access'): Promise<GateLab> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-http-'));
  const net = await networkPair();
  const config = join(folder, 'tailban.toml');
  await writeFile(join(folder, 'access.log'), '');
  await writeFile(config, daemonConfig(folder, filter));
  const socket = join(folder, 'tailban.sock');
  const daemon = startDaemonProcess({ config, socket, prefix: ['ip', 'netns', 'exec', net.server] });
  const serve = async (argv: readonly string[], port = PORT): Promise<void> => {
    net.spawn(net.server, argv);
    const listening = ['ss', '-Htln', 'sport', '=', `:${port}`] as const;
    await until(argv[0] ?? '', async () => (await net.serverRun(listening)).stdout !== '');
  };
  await daemon.ready();
  await daemon.says(/HTTP gate listens/);
  let strangers = 30;
  return {
    folder,
    net,
    daemon,
    serve,
    serveSite: async (http = '') => {
      const path = join(folder, 'nginx.conf');
      await writeFile(path, nginxConfig(folder, http));
      await serve(['nginx', '-c', path], SITE_PORT);
    },
    stranger: async () => {
      const address = `192.0.2.${strangers++}`;
      await net.clientRun(['ip', 'addr', 'add', `${address}/24`, 'dev', 'wire']);
      return address;
    },
    ask: (from, paths, ...args) => ask(net, from, paths, args),
    remove: async () => {
      await daemon.stop();
      await net.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function daemonConfig(folder: string, filter: string): string {
  return `
[server]
trusted-proxies = ["${PROXY}"]
[jmap.rate-limit]
use-forwarded = true
anonymous = "100/1m"
account = "20/1m"
[http]
forwarded-header = "x-forwarded-for"
[http.gate]
listen = "${GATE}"
key = "${KEY}"
account-header = "X-Account"
[source.web]
files = ["${folder}/access.log"]
filter = ["${filter}"]
[firewall]
backend = "nftables"
ports = [80]
[store]
path = "${folder}/tailban.db"
`;
}

function nginxConfig(folder: string, http: string): string {
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
  server {
    listen ${SITE};
    access_log off;
    location / { return 200 "served\\n"; }
    location /denied { return 403; }
    location /wrong { return 401; }
  }
${http}
}
`;
}

async function ask(
  net: NetworkPair,
  from: string,
  paths: readonly string[],
  args: readonly string[],
): Promise<Answer[]> {
  const format = '%{http_code} "%header{retry-after}" %header{ratelimit}\\n';
  const targets = paths.flatMap((path) => ['-o', '/dev/null', `http://${SERVER4}${path}`]);
  const options = ['-sS', '--path-as-is', '--max-time', '20', '--interface', from, '-w', format];
  const { stdout } = await net.clientRun(['curl', ...options, ...args, ...targets]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, status, retry, rate] = /^(\d{3}) "(\d*)" ?(.*)$/.exec(line) ?? [];
      return { status: Number(status), retryAfter: retry === '' ? null : Number(retry), rate: rate ?? '' };
    });
}

type Replacement = readonly [theirs: string, ours: string];

/** What the expression captures of docs/requests.md, with our own in the place of its examples. */
export async function documented(snippet: RegExp, own: readonly Replacement[]): Promise<string> {
  const [, found = ''] = snippet.exec(await readFile(PAGE, 'utf8')) ?? [];
  return own.reduce((text, [theirs, ours]) => {
    assert.ok(text.includes(theirs), theirs);
    return text.replace(theirs, ours);
  }, found);
}

export function statuses(answers: readonly Answer[]): number[] {
  return answers.map(({ status }) => status);
}

export function times(count: number, path: string): string[] {
  return Array.from({ length: count }, (_, index) => `${path}?${index}`);
}

/** Arguments of curl. */
export function header(...lines: readonly string[]): string[] {
  return lines.flatMap((line) => ['-H', line]);
}

export function basic(user: string, password: string): string {
  return `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
