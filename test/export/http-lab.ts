/**
 * A web server with exported limits, in a namespace, in front of a site that answers everything; and clients that ask it
 * from other addresses. Needs root.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';
import { until } from '../support/daemon.ts';
import { CLIENT4, type NetworkPair, networkPair, SERVER4, SERVER6 } from '../support/netns.ts';
import type { Step } from './http-peer.ts';

const PEER = fileURLToPath(new URL('http-peer.ts', import.meta.url));
const SITE_PORT = 8080;
const PORT = 80;
/** The address of the site behind the web server. */
const SITE = `127.0.0.1:${SITE_PORT}`;
export const ALLOWED = CLIENT4[1];
/** The third client is a proxy. */
export const PROXY = CLIENT4[2];

/** Small numbers in long windows, so that none has room again while a test runs. */
export const LIMITS = `
[server]
allowed-ip = ["${ALLOWED}"]
trusted-proxies = ["${PROXY}", "2001:db8:9::/48"]
[authentication]
rate-limit = "3/1h"
[jmap.rate-limit]
use-forwarded = true
authentication = "4/2h"
anonymous = "5/1h"
account = "12/1h"
`;

export interface HttpLab {
  readonly net: NetworkPair;
  /** An address that has not asked yet. */
  stranger(): string;
  /** The statuses of all answers, step by step. */
  ask(from: string, ...steps: readonly Step[]): Promise<string[]>;
  remove(): Promise<void>;
}

export function configOf(toml: string): Config {
  return parseConfig(toml, 'tailban.toml').config;
}

/** Writes a server's configuration into a folder, and gives the command that runs the server in the foreground. */
export type Start = (folder: string, config: Config) => Promise<readonly string[]>;

export async function httpLab(start: Start, config: Config): Promise<HttpLab> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-export-'));
  const net = await networkPair();
  const remove = async (): Promise<void> => {
    await net.remove();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    net.spawn(net.server, [process.execPath, PEER, 'site', String(SITE_PORT)]);
    net.spawn(net.server, await start(folder, config));
    for (const port of [SITE_PORT, PORT])
      await until(`an answer at port ${port}`, async () => {
        const { stdout } = await net.serverRun(['ss', '-Htln', 'sport', '=', `:${port}`]);
        return stdout !== '';
      });
  } catch (error) {
    await remove();
    throw error;
  }
  let strangers = 0;
  return {
    net,
    remove,
    stranger: () => {
      const address = `192.0.2.${100 + strangers++}`;
      execFileSync('ip', ['-n', net.client, 'addr', 'add', `${address}/24`, 'dev', 'wire']);
      return address;
    },
    ask: async (from, ...steps) => {
      const to = from.includes(':') ? SERVER6 : SERVER4;
      const conversation = JSON.stringify({ from, to, port: PORT, steps });
      const peer = net.spawn(net.client, [process.execPath, PEER, 'ask', conversation]);
      const answers: string[] = [];
      for (const _ of steps) answers.push(await peer.line());
      await peer.stop();
      return answers;
    },
  };
}

/** One process, so that it is gone when it is killed; one socket for both families, as many have it. */
export function nginxConfig(folder: string, http: string, server: string): string {
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events {}
http {
access_log off;
client_body_temp_path ${folder}/body;
proxy_temp_path ${folder}/proxy;
fastcgi_temp_path ${folder}/fastcgi;
uwsgi_temp_path ${folder}/uwsgi;
scgi_temp_path ${folder}/scgi;
${http}
server {
listen [::]:${PORT} ipv6only=off;
${server}
location / {
    proxy_pass http://${SITE};
    proxy_request_buffering off;
    proxy_http_version 1.1;
}
}
}
`;
}

export function haproxyConfig(tables: string, frontend: string): string {
  return `
global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
backend site
    server site ${SITE}
${tables}
frontend mail
    bind :::${PORT} v4v6
${frontend}
    default_backend site
`;
}
