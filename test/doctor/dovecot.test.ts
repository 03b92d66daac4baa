import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dovecotCheck } from '../../src/doctor/checks/dovecot.ts';
import { parseDovecot } from '../../src/doctor/dovecot-settings.ts';
import { type FakeHost, finds, troubles } from './fake-host.ts';
import { running } from './running.ts';

const ELEMENTS = 'user=<%u> method=%m rip=%r lip=%l mpid=%e %c session=<%{session}>';
const GOOD = `auth_verbose = yes
auth_verbose_passwords = sha1:6
log_path = syslog
syslog_facility = mail
login_log_format_elements = ${ELEMENTS}
`;
const USERS = 'passdb {\n  args = /etc/dovecot/users\n  deny = no\n  driver = passwd-file\n}\n';
const dovecot = (text: string, version = '2.3.19.1 (9b53102964)', changes: Partial<FakeHost> = {}): FakeHost => ({
  processes: ['dovecot'],
  commands: { 'doveconf -a': text, 'dovecot --version': `${version}\n` },
  ...changes,
});
const find = (text: string, toml = '') => finds(dovecotCheck, dovecot(text), toml);

test('a Dovecot that tells each failure is in order', async () => {
  assert.deepEqual(await find(GOOD), [
    'ok: Dovecot 2.3.19.1 logs to syslog as mail',
    'ok: Dovecot tells each failed login (auth_verbose = yes)',
  ]);
});

test('where no Dovecot runs nothing is said; where its settings are hidden, that is', async () => {
  assert.deepEqual(await finds(dovecotCheck, {}), []);
  assert.match(
    (await finds(dovecotCheck, { processes: ['dovecot'] })).join(),
    /^note: Dovecot runs, but doveconf cannot tell its settings/,
  );
});

test('silence, passwords in the log, and a log that is not read are found', async () => {
  assert.match(
    troubles(await find(GOOD.replace('auth_verbose = yes', 'auth_verbose = no'))),
    /^warning: .*\(auth_verbose = no\).* auth_verbose = yes$/,
  );
  assert.match(
    troubles(await find(GOOD.replace('sha1:6', 'plain'))),
    /^warning: Dovecot writes the passwords .* auth_verbose_passwords = sha1:6$/,
  );
  assert.match(
    (await find(GOOD.replace('sha1:6', 'no'))).join('\n'),
    /note: Dovecot does not tell one wrong password from another/,
  );
  assert.match(
    troubles(await find(GOOD.replace('= syslog', '= /var/log/dovecot.log'))),
    /^problem: Dovecot logs to \/var\/log\/dovecot\.log, which no source reads/,
  );
  assert.match(troubles(await find(GOOD.replace('= mail', '= local5'))), /^warning: .* facility local5/);
  assert.match(troubles(await find(GOOD.replace('= syslog', '= /dev/null'))), /^problem: Dovecot logs to \/dev\/null/);
});

test('an info log of its own is the one that counts', async () => {
  const own = `${GOOD}info_log_path = /var/log/dovecot-info.log\n`;
  assert.match(troubles(await find(own)), /^problem: Dovecot logs to \/var\/log\/dovecot-info\.log/);
  assert.equal(troubles(await find(own, '[source.own]\nfiles = ["/var/log/dovecot-info.log"]')), '');
});

test('lines without the address are a problem, without the session a loss', async () => {
  assert.match(troubles(await find(GOOD.replace('rip=%r ', ''))), /^problem: Dovecot does not log the addresses/);
  assert.match(
    (await find(GOOD.replace(' session=<%{session}>', ''))).join('\n'),
    /note: Dovecot does not log its sessions/,
  );
  assert.equal(
    troubles(await find(GOOD.replace(ELEMENTS, 'user=<%{user}> rip=%{remote_ip} session=<%{session}>'))),
    '',
  );
});

test('a proxy in front is told unless Dovecot asks us', async () => {
  const proxied = `${GOOD}service imap-login {\n  inet_listener imap {\n    haproxy = yes\n    port = 143\n  }\n}\n`;
  assert.match(troubles(await find(proxied)), /^warning: Dovecot stands behind a proxy/);
});

const POLICY = '[dovecot.auth-policy]\nlisten = "127.0.0.1:4001"\nkey = "secret key of ours"';
const ASKING = `${GOOD}auth_policy_server_url = http://localhost:4001/
auth_policy_server_api_header = X-API-Key: secret key of ours
auth_policy_hash_nonce = abc
auth_policy_check_before_auth = yes
auth_policy_report_after_auth = yes
`;

test('an auth policy server that is asked with the right key is in order', async () => {
  assert.match((await find(ASKING, POLICY)).join('\n'), /ok: Dovecot asks tailban at http:\/\/localhost:4001\/$/);
});

test('settings in a block of their own are the same', async () => {
  const lines = ASKING.slice(GOOD.length).replaceAll('auth_policy_', '').trim().split('\n');
  const text = `${GOOD}auth_policy {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
  assert.match((await find(text, POLICY)).join('\n'), /ok: Dovecot asks tailban at/);
});

test('an auth policy server that is not asked, or not as it must be, is a problem, and no key is ever shown', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      GOOD,
      /^problem: tailban listens for Dovecot at 127\.0\.0\.1:4001, but Dovecot asks nothing .*auth_policy_server_url = http:\/\/127\.0\.0\.1:4001\//,
    ],
    [ASKING.replace(':4001', ':4002'), /^problem: .*Dovecot asks http:\/\/localhost:4002\//],
    [ASKING.replace('nonce = abc', 'nonce = '), /^problem: Dovecot has no auth_policy_hash_nonce/],
    [ASKING.replace('Key: secret key of ours', 'Key: foreign-text'), /^problem: Dovecot does not send the key/],
    [`${ASKING}auth_policy_log_only = yes\n`, /^warning: Dovecot only logs/],
    [ASKING.replace('before_auth = yes', 'before_auth = no'), /^warning: Dovecot asks only after the password/],
  ];
  for (const [text, pattern] of cases) {
    const found = await find(text, POLICY);
    assert.match(troubles(found), pattern);
    assert.doesNotMatch(found.join(), /secret key|foreign-text/);
  }
  assert.match(
    (await find(`${ASKING}auth_policy_reject_on_fail = yes\n`, POLICY)).join('\n'),
    /note: While tailban is down nobody can log in/,
  );
  assert.match(
    (await find(ASKING.replace('report_after_auth = yes', 'report_after_auth = no'), POLICY)).join('\n'),
    /note: Dovecot reports no logins/,
  );
});

test('where tailban runs and nobody answers, that is a problem', async () => {
  const daemon = running();
  assert.match(
    troubles(await finds(dovecotCheck, dovecot(ASKING), POLICY, { daemon })),
    /^problem: Nobody answers at 127\.0\.0\.1:4001/,
  );
  assert.equal(
    troubles(await finds(dovecotCheck, { ...dovecot(ASKING), answering: ['127.0.0.1:4001'] }, POLICY, { daemon })),
    '',
  );
});

const FILE = '/etc/dovecot/tailban/deny';
const DENY = `[dovecot.deny-file]\npath = "${FILE}"`;
const SPARE = `${DENY}\nspare-owners = true`;
const passdb = (...lines: readonly string[]) =>
  `passdb {\n  args = username_format=%Lu ${FILE}\n  driver = passwd-file\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;

test('a deny file before all other passdbs is in order', async () => {
  assert.match(
    (await find(GOOD + passdb('deny = yes') + USERS, DENY)).join('\n'),
    /ok: Dovecot refuses those who stand in/,
  );
  assert.match(
    (await find(GOOD + passdb('deny = no', 'result_success = return-fail') + USERS, SPARE)).join('\n'),
    /ok: Dovecot refuses those/,
  );
});

test('a file for sparing owners without return-fail is the worst: locked logins would need no password', async () => {
  assert.match(
    troubles(await find(GOOD + passdb('deny = no', 'result_success = return-ok') + USERS, SPARE)),
    /^problem: LOCKED LOGINS NEED NO PASSWORD/,
  );
});

test('a deny file that is not read, too late, or of the other kind, is found', async () => {
  assert.match(
    troubles(await find(GOOD + USERS, DENY)),
    /^problem: .* no passdb of Dovecot's reads it.* \| {3}deny = yes \|/,
  );
  assert.match(troubles(await find(GOOD + USERS + passdb('deny = yes'), DENY)), /^warning: .* is not the first one/);
  assert.match(
    troubles(await find(GOOD + passdb('deny = yes') + USERS, SPARE)),
    /^warning: Owners are to be spared, but/,
  );
  assert.match(
    troubles(await find(GOOD + passdb('result_success = return-fail') + USERS, DENY)),
    /^problem: .* needs dovecot\.deny-file\.spare-owners = true/,
  );
  assert.match(
    troubles(await find(GOOD + passdb('deny = no') + USERS, DENY)),
    /^problem: .* has neither deny = yes nor/,
  );
  const gone = await finds(dovecotCheck, dovecot(GOOD + passdb('deny = yes')), DENY, { daemon: running() });
  assert.match(troubles(gone), /^problem: There is no file \/etc\/dovecot\/tailban\/deny, though tailban runs/);
});

test('for Dovecot 2.4 the passdb is written as 2.4 wants it', async () => {
  const found = await finds(dovecotCheck, dovecot(GOOD + USERS, '2.4.1 (abc)'), SPARE);
  assert.match(
    troubles(found),
    /passdb tailban \{ .*passwd_file_path = \/etc\/dovecot\/tailban\/deny .*result_success = return-fail/,
  );
});

test('blocks are read with what is in them, comments and odd lines are passed over', () => {
  const { settings, blocks } = parseDovecot(
    '# 2.3\na = b = c\nservice auth {\n  unix_listener x {\n    mode = 0660\n  }\n}\n}\n\nlast = 1\n',
  );
  assert.deepEqual(
    [...settings],
    [
      ['a', 'b = c'],
      ['last', '1'],
    ],
  );
  assert.deepEqual(
    [blocks[0]?.type, blocks[0]?.blocks[0]?.type, blocks[0]?.blocks[0]?.settings.get('mode')],
    ['service', 'unix_listener', '0660'],
  );
});
