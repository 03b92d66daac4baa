/**
 * Makes test/corpus/apache-2.4 (combined and error log), apache-2.4-vhosts (vhost_combined) and apache-2.4-syslog: Debian's
 * Apache behind a password, attacked over HTTP. Needs root and the packages apache2, rsyslog, openssl and iproute2:
 * `node test/corpus/make/apache.ts`.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepCorpus, play, SERVER } from './http-client.ts';
import { type HttpScenario, httpScenarios, PLACES } from './http-scenarios.ts';
import { makeSite, type Site, SYSLOG_PORT, serverAnswers } from './http-site.ts';
import { inNamespace } from './lab.ts';

const MODULES = [
  'mpm_event',
  'authn_core',
  'authn_file',
  'authz_core',
  'authz_user',
  'auth_basic',
  'auth_digest',
  'alias',
  'dir',
  'mime',
  'reqtimeout',
];

/** What only Apache sees, or sees otherwise. */
const OWN: Readonly<Record<string, Partial<HttpScenario>>> = {
  'basic-empty-name': { expect: { authentication: 1 }, note: '' },
  'forged-host': { expect: { authentication: 1 }, logins: ['alice'] },
};
/** What only the error log tells. */
const ERRORS: Readonly<Record<string, Partial<HttpScenario>>> = {
  'forged-user-dash': { expect: { authentication: 1 }, logins: ['-'] },
};

await inNamespace(async () => {
  const scenarios = httpScenarios().map((scenario) => ({ ...scenario, ...OWN[scenario.scenario] }));
  const withErrors = scenarios.map((scenario) => ({ ...scenario, ...ERRORS[scenario.scenario] }));
  const site = makeSite();
  try {
    await attack(site, scenarios, 'files', [
      `ErrorLog ${site.folder}/logs/error.log`,
      `CustomLog ${site.folder}/logs/access.log combined`,
      `CustomLog ${site.folder}/logs/vhosts.log vhost_combined`,
    ]);
    keepCorpus(
      'apache-2.4',
      { 'access.log': site.read('logs/access.log'), 'error.log': site.read('logs/error.log') },
      withErrors,
    );
    keepCorpus('apache-2.4-vhosts', { 'access.log': site.read('logs/vhosts.log') }, scenarios);
    await site.startSyslog('logs/syslog');
    await attack(site, scenarios, 'syslog', [
      'ErrorLog syslog:local7:apache2',
      `CustomLog "|/usr/bin/logger --server 127.0.0.1 --port ${SYSLOG_PORT} --udp --rfc3164 --tag apache2" common`,
    ]);
    keepCorpus('apache-2.4-syslog', { 'syslog.log': site.read('logs/syslog') }, withErrors);
  } finally {
    await site.stop();
    site.remove();
  }
});

async function attack(
  site: Site,
  scenarios: readonly HttpScenario[],
  name: string,
  logs: readonly string[],
): Promise<void> {
  const config = site.write(`${name}.conf`, apacheConfig(site, logs));
  const apache = site.start(['apache2', '-D', 'FOREGROUND', '-f', config]);
  await serverAnswers();
  await play(scenarios);
  await sleep(500);
  await apache.stop();
}

function apacheConfig({ folder, root, passwords }: Site, logs: readonly string[]): string {
  const locations = [PLACES.protected, PLACES.activeSync, '/jmap/'].map(
    (place) => `<Location "${place}">
  AuthType Basic
  AuthName "Mail"
  AuthUserFile "${passwords}"
  Require valid-user
</Location>`,
  );
  return `
ServerRoot "${folder}"
ServerName mx1.example.org
User www-data
Group www-data
PidFile "${folder}/apache2.pid"
DefaultRuntimeDir "${folder}"
${MODULES.map((name) => `LoadModule ${name}_module "${join('/usr/lib/apache2/modules', `mod_${name}.so`)}"`).join('\n')}
Listen ${SERVER.four}:${SERVER.port}
Listen [${SERVER.six}]:${SERVER.port}
DocumentRoot "${root}"
TypesConfig /etc/mime.types
# As Debian's apache2.conf has them.
LogFormat "%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" vhost_combined
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
LogFormat "%h %l %u %t \\"%r\\" %>s %O" common
${logs.join('\n')}
<FilesMatch "^\\.ht">
  Require all denied
</FilesMatch>
${locations.join('\n')}
Redirect 403 ${PLACES.sogo}
Redirect 401 ${PLACES.api}
`;
}
