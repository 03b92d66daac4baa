import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containersCheck } from '../../src/doctor/checks/containers.ts';
import { eximCheck } from '../../src/doctor/checks/exim.ts';
import { loginsCheck } from '../../src/doctor/checks/logins.ts';
import { stalwartCheck } from '../../src/doctor/checks/stalwart.ts';
import { type FakeHost, finds, situation, troubles } from './fake-host.ts';
import { running } from './running.ts';

const SETTINGS = 'exim4 -bP log_selector log_file_path';
const READ = '[source.exim]\nfiles = ["/var/log/exim4/mainlog"]';
const exim = (selector: string, path = '/var/log/exim4/%slog', more: FakeHost['commands'] = {}): FakeHost => ({
  processes: ['exim4'],
  commands: { [SETTINGS]: `log_selector = ${selector}\nlog_file_path = ${path}\n`, ...more },
});
const ALL = '+smtp_protocol_error +smtp_syntax_error +incoming_port';

test('an Exim whose log is read and tells enough is in order', async () => {
  assert.deepEqual(await finds(eximCheck, exim(ALL), READ), [
    'ok: Exim logs to /var/log/exim4/mainlog, which is read',
    'ok: Exim logs scans and the ports of connections (log_selector)',
  ]);
  assert.match((await finds(eximCheck, exim('+all', 'syslog'))).join('\n'), /^ok: Exim logs to syslog\nok:/);
});

test('what an Exim leaves out is written behind what it has, and a log that is not read is a problem', async () => {
  const found = await finds(eximCheck, exim('+tls_peerdn +all -incoming_port'), READ);
  assert.match(
    found.join('\n'),
    /note: .*\(incoming_port\).* log_selector = \+tls_peerdn \+all -incoming_port \+incoming_port$/,
  );
  assert.match(
    troubles(await finds(eximCheck, exim(ALL))),
    /^problem: Exim logs to \/var\/log\/exim4\/mainlog, which no source reads/,
  );
});

test('without Exim nothing is said; an Exim that keeps its settings to itself is told', async () => {
  assert.deepEqual(await finds(eximCheck, {}), []);
  assert.match((await finds(eximCheck, { processes: ['exim'] })).join(), /^note: Exim runs, but does not tell/);
});

test('deny files have to stand in the configuration of Exim', async () => {
  const toml = `${READ}\n[exim.deny-file]\nlogins = "/etc/exim4/tailban/logins"`;
  const config = (text: string) => exim(ALL, undefined, { 'exim4 -bP config': text });
  assert.match(
    (await finds(eximCheck, config('TAILBAN = lsearch{/etc/exim4/tailban/logins}'), toml)).join('\n'),
    /ok: Exim looks into/,
  );
  assert.match(troubles(await finds(eximCheck, config('nothing'), toml)), /^problem: .* nobody is refused/);
  assert.match((await finds(eximCheck, exim(ALL), toml)).join('\n'), /note: Whether Exim looks into/);
});

test('a Stalwart that logs no failed login is a problem, unless it sends them', async () => {
  const processes = ['stalwart'];
  const toml = '[source.s]\nfiles = ["/opt/stalwart/logs/stalwart.*"]';
  const log = (text: string) => ({ processes, files: { '/opt/stalwart/logs/stalwart.2026-11-22': text } });
  const many =
    '2026-11-22T08:00:00Z WARN Too many authentication attempts (auth.too-many-attempts) listenerId = "imap"\n';
  assert.match(
    troubles(await finds(stalwartCheck, log(many), toml)),
    /^problem: No failed login .* tracing\.level\."auth\.failed" = "info"$/,
  );
  const failed = '2026-11-22T08:00:00Z DEBUG Authentication failed (auth.failed) listenerId = "imap"\n';
  assert.match((await finds(stalwartCheck, log(failed), toml)).join(), /^ok:/);
  assert.match(
    (
      await finds(stalwartCheck, { processes }, '[source.s]\nwebhook = "127.0.0.1:8081"\nkey = "0123456789abcdef"')
    ).join(),
    /^ok:/,
  );
  assert.match(
    (await finds(stalwartCheck, { processes })).join(),
    /^note: Whether Stalwart logs failed logins is not known/,
  );
  assert.deepEqual(await finds(stalwartCheck, {}), []);
});

test('servers in containers whose output is not read are a problem, with the files to read', async () => {
  const host: FakeHost = {
    processes: ['container:dovecot'],
    files: { '/var/lib/docker/containers/ab/ab-json.log': '' },
  };
  assert.match(
    troubles(await finds(containersCheck, host)),
    /^problem: Dovecot in containers, .* \[source\.containers\] \| files = \["\/var\/lib\/docker\/containers\/\*\/\*-json\.log"\]$/,
  );
  const read = '[source.docker]\nfiles = ["/var/lib/docker/containers/*/*-json.log"]';
  assert.match(
    (await finds(containersCheck, host, read)).join('\n'),
    /^ok: Dovecot in containers, and what they print is read$/m,
  );
  assert.equal(troubles(await finds(containersCheck, host, '[source.journal]\nunits = ["docker.service"]')), '');
  assert.match((await finds(containersCheck, { processes: ['container:dovecot'] })).join(), /^note: .* is not known/);
  assert.deepEqual(await finds(containersCheck, { processes: ['dovecot'] }), []);
});

test('a first source of its own keeps what was found without it', async () => {
  const host: FakeHost = {
    processes: ['container:dovecot'],
    files: { '/var/lib/docker/containers/ab/ab-json.log': '' },
  };
  const { sources } = await situation('[source.mail]\nfiles = ["/var/log/mail.log"]');
  const found = await finds(containersCheck, host, '', { sources, discoveries: ['found /var/log/mail.log'] });
  assert.match(troubles(found), /\[source\.mail\] \| files = \["\/var\/log\/mail\.log"\] \| \[source\.containers\]/);
});

test('logins that nothing locks are a warning, and a problem once one is locked', async () => {
  assert.match(
    troubles(await finds(loginsCheck, { processes: ['dovecot'] })),
    /^warning: Nothing carries out .* \[dovecot\.auth-policy\]/,
  );
  assert.match(troubles(await finds(loginsCheck, { processes: ['exim4'] })), /^warning: .* \[exim\.deny-file\]/);
  const bans = { active: 2, addresses: 0, networks: 0, logins: 2 };
  assert.match(
    troubles(await finds(loginsCheck, {}, '', { daemon: running({ bans }) })),
    /^problem: 2 logins are locked, but nothing/,
  );
  assert.match(
    (await finds(loginsCheck, {}, '[dovecot.auth-policy]\nlisten = "127.0.0.1:4001"')).join(),
    /^ok: Locked logins are refused: Dovecot asks$/,
  );
  assert.match(
    (await finds(loginsCheck, {}, '[server.fail2ban]\nlogin = "off"')).join(),
    /^note: Logins are never locked/,
  );
});
