/**
 * Makes the corpora of access logs: nginx-1.22-requests and apache-2.4-requests in our own format, nginx-1.22-main with
 * $request_time behind it, apache-2.4-forwarded with %D and X-Forwarded-For, haproxy-2.6 (over syslog), and
 * nginx-1.22-behind-haproxy. Needs root and the packages nginx, apache2, haproxy, rsyslog, openssl and iproute2:
 * `node test/corpus/make/access.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnsweredRequest } from '../../../scripts/score/corpus.ts';
import { APACHE_LOG_FORMAT, NGINX_LOG_FORMAT } from '../../../src/export/access-log.ts';
import { ask, type Server } from './access-client.ts';
import { type AccessScenario, accessScenarios } from './access-scenarios.ts';
import { SERVER } from './http-client.ts';
import { PLACES } from './http-scenarios.ts';
import { makeSite, type Site, SYSLOG_PORT, serverAnswers } from './http-site.ts';
import { inNamespace } from './lab.ts';

const NGINX: Server = { ...SERVER, port2: 83 };
const APACHE: Server = { ...SERVER, port: 81, port2: 81 };
const HAPROXY: Server = { ...SERVER, port: 82, port2: 84 };
/** Where nginx listens for HAProxy. */
const BEHIND = '127.0.0.1:8080';
const MODULES = [
  'mpm_event',
  'authn_core',
  'authn_file',
  'authz_core',
  'authz_user',
  'auth_basic',
  'dir',
  'unique_id',
  'setenvif',
  'http2',
];
/** Of HAProxy, where its configuration says nothing else. */
const LONGEST_SYSLOG_LINE = 1_024;

type Played = readonly (AccessScenario & { readonly answers: readonly AnsweredRequest[] })[];

await inNamespace(async () => {
  const site = makeSite();
  try {
    await site.startSyslog('logs/syslog');
    site.start(['nginx', '-c', site.write('nginx.conf', nginxConfig(site))]);
    site.start(['apache2', '-D', 'FOREGROUND', '-f', site.write('apache2.conf', apacheConfig(site))]);
    site.start(['haproxy', '-db', '-f', site.write('haproxy.cfg', haproxyConfig())]);
    for (const { port } of [NGINX, APACHE, HAPROXY]) await serverAnswers(port);
    const nginx = await play(NGINX);
    const apache = await play(APACHE);
    const haproxy = await play(HAPROXY);
    await sleep(1_000);
    await site.stop();
    keep('nginx-1.22-requests', site.read('logs/requests.log'), nginx);
    keep('nginx-1.22-main', site.read('logs/main.log'), nginx);
    keep('apache-2.4-requests', site.read('logs/apache-requests.log'), apache);
    keep('apache-2.4-forwarded', site.read('logs/apache-forwarded.log'), apache);
    keep('nginx-1.22-behind-haproxy', site.read('logs/behind.log'), haproxy);
    keep('haproxy-2.6', site.read('logs/syslog'), haproxy.map(asHaproxyLogs));
  } finally {
    await site.stop();
    site.remove();
  }
});

async function play(server: Server): Promise<Played> {
  const played = [];
  for (const scenario of accessScenarios()) played.push({ ...scenario, answers: await ask(server, scenario) });
  return played;
}

/** It logs neither logins nor what the server thinks of a request, and cuts what is too long for its lines. */
function asHaproxyLogs(played: Played[number]): Played[number] {
  const answers = played.answers.map((one) => ({ ...one, login: null, path: one.path.slice(0, LONGEST_SYSLOG_LINE) }));
  return { ...played, answers, expect: {}, logins: [] };
}

function keep(name: string, log: string, played: Played): void {
  const folder = join(import.meta.dirname, '..', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'access.log'), log, 'latin1');
  const truth = played.map(({ scenario, ip, expect, logins, answers: requests }) => {
    const forged = scenario.startsWith('forged');
    return `${JSON.stringify({ scenario, ip, expect, logins, forged, note: '', requests })}\n`;
  });
  writeFileSync(join(folder, 'truth.jsonl'), truth.join(''));
}

function nginxConfig({ folder, root, passwords }: Site): string {
  const pages = `
    server_name mx1.example.org;
    root ${root};
    error_page 405 =200 $uri;
    location ${PLACES.protected} { auth_basic "Mail"; auth_basic_user_file ${passwords}; }`;
  return `
daemon off;
user www-data;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log /dev/null crit;
events {}
http {
  ${NGINX_LOG_FORMAT}
  log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                  '"$http_referer" "$http_user_agent" "$http_x_forwarded_for" $request_time';
  server {
    listen ${NGINX.four}:${NGINX.port};
    listen [${NGINX.six}]:${NGINX.port};
    listen ${NGINX.four}:${NGINX.port2} http2;
    access_log ${folder}/logs/requests.log tailban;
    access_log ${folder}/logs/main.log main;
    ${pages}
  }
  server {
    listen ${BEHIND};
    access_log ${folder}/logs/behind.log tailban;
    ${pages}
  }
}
`;
}

function apacheConfig({ folder, root, passwords }: Site): string {
  return `
ServerRoot "${folder}"
ServerName mx1.example.org
User www-data
Group www-data
PidFile "${folder}/apache2.pid"
DefaultRuntimeDir "${folder}"
ErrorLog /dev/null
${MODULES.map((name) => `LoadModule ${name}_module "/usr/lib/apache2/modules/mod_${name}.so"`).join('\n')}
Listen ${APACHE.four}:${APACHE.port}
Listen [${APACHE.six}]:${APACHE.port}
Protocols h2c http/1.1
DocumentRoot "${root}"
${APACHE_LOG_FORMAT}
LogFormat "%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\" %D \\"%{X-Forwarded-For}i\\"" forwarded
CustomLog ${folder}/logs/apache-requests.log tailban
CustomLog ${folder}/logs/apache-forwarded.log forwarded
<Location "${PLACES.protected}">
  AuthType Basic
  AuthName "Mail"
  AuthUserFile "${passwords}"
  Require valid-user
</Location>
`;
}

function haproxyConfig(): string {
  return `
global
  log 127.0.0.1:${SYSLOG_PORT} local0
defaults
  mode http
  log global
  option httplog
  option forwardfor
  timeout client 5s
  timeout server 5s
  timeout connect 2s
frontend web
  bind ${HAPROXY.four}:${HAPROXY.port}
  bind [${HAPROXY.six}]:${HAPROXY.port}
  bind ${HAPROXY.four}:${HAPROXY.port2} proto h2
  http-request capture req.hdr(authorization),word(1,' ') len 16
  default_backend pages
backend pages
  server one ${BEHIND}
`;
}
