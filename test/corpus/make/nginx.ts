/**
 * Makes test/corpus/nginx-1.22 and test/corpus/nginx-1.22-syslog: Debian's nginx behind a password, attacked over HTTP.
 * Needs root and the packages nginx, rsyslog, openssl and iproute2: `node test/corpus/make/nginx.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { keepCorpus, play, SERVER } from './http-client.ts';
import { type HttpScenario, httpScenarios, PLACES } from './http-scenarios.ts';
import { makeSite, type Site, SYSLOG_PORT, serverAnswers } from './http-site.ts';
import { inNamespace } from './lab.ts';

/** What only nginx sees, or sees otherwise. */
const OWN: Readonly<Record<string, Partial<HttpScenario>>> = {
  'scan-dropped': { expect: { scan: 1 } },
  'too-fast': { expect: { authentication: 2 } },
  'forged-user-dash': {
    expect: { authentication: 1 },
    logins: ['-'],
    note: 'only the error log tells it from no user',
  },
  'forged-host': { expect: { authentication: 2 }, logins: ['alice', 'alice'] },
};

await inNamespace(async () => {
  const scenarios = httpScenarios().map((scenario) => ({ ...scenario, ...OWN[scenario.scenario] }));
  const site = makeSite();
  try {
    await site.startSyslog('logs/syslog');
    const server = `server=127.0.0.1:${SYSLOG_PORT},facility=local7,tag=nginx`;
    const config = site.write('nginx.conf', nginxConfig(site, server));
    site.start(['nginx', '-c', config]);
    await serverAnswers();
    await play(scenarios);
    await sleep(500);
    await site.stop();
    keepCorpus(
      'nginx-1.22',
      { 'access.log': site.read('logs/access.log'), 'error.log': site.read('logs/error.log') },
      scenarios,
    );
    keepCorpus('nginx-1.22-syslog', { 'syslog.log': site.read('logs/syslog') }, scenarios);
  } finally {
    await site.stop();
    site.remove();
  }
});

function nginxConfig({ folder, root, passwords }: Site, syslog: string): string {
  const basic = `auth_basic "Mail"; auth_basic_user_file ${passwords};`;
  return `
daemon off;
user www-data;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/logs/error.log error;
error_log syslog:${syslog} error;
events {}
http {
  log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                  '"$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
  limit_req_zone $binary_remote_addr zone=login:1m rate=1r/s;
  access_log ${folder}/logs/access.log combined;
  access_log syslog:${syslog},severity=info main;
  server {
    listen ${SERVER.four}:${SERVER.port};
    listen [${SERVER.six}]:${SERVER.port};
    server_name mx1.example.org;
    root ${root};
    error_page 405 =200 $uri;
    location ${PLACES.protected} { ${basic} }
    location ${PLACES.activeSync} { ${basic} }
    location /jmap/ { ${basic} }
    location = /dropped { return 444; }
    location = /limited/login { limit_req zone=login; limit_req_status 429; }
    location = ${PLACES.sogo} { return 403; }
    location = ${PLACES.api} { return 401; }
  }
}
`;
}
