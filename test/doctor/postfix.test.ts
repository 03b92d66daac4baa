import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFilter } from '../../src/config/filter-files.ts';
import { postfixCheck } from '../../src/doctor/checks/postfix.ts';
import { type FakeHost, finds, NOW, troubles } from './fake-host.ts';

const ASKED =
  'postconf mail_version maillog_file syslog_facility smtpd_sasl_auth_enable smtpd_sasl_type smtpd_client_port_logging smtpd_delay_reject smtpd_client_restrictions smtpd_upstream_proxy_protocol postscreen_upstream_proxy_protocol queue_directory';
const DEFAULTS = {
  mail_version: '3.7.11',
  maillog_file: '',
  syslog_facility: 'mail',
  smtpd_sasl_auth_enable: 'no',
  smtpd_sasl_type: 'cyrus',
  smtpd_client_port_logging: 'no',
  smtpd_delay_reject: 'yes',
  smtpd_client_restrictions: '',
  smtpd_upstream_proxy_protocol: '',
  postscreen_upstream_proxy_protocol: '',
  queue_directory: '/var/spool/postfix',
};

/** A copy of the shipped filter from before it read ports. */
const PORTLESS = `name = "postfix"
programs = ["*/smtpd"]
[[pattern]]
name = "sasl-failed"
kind = "authentication"
pattern = 'warning: <host>\\[<ip>\\]: SASL <word> authentication failed:<any>'
samples = [
  { line = 'Nov 22 08:48:32 mx1 postfix/smtpd[3]: warning: x[192.0.2.20]: SASL LOGIN authentication failed: x', ip = '192.0.2.20' },
]
`;

/** @param main what stands in main.cf, which is shown among the effective settings too. */
function postfix(
  main: Readonly<Record<string, string>> = {},
  services = '',
  changes: Partial<FakeHost> = {},
): FakeHost {
  const write = (settings: Readonly<Record<string, string>>) =>
    Object.entries(settings)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join('');
  return {
    processes: ['master', 'qmgr', 'smtpd'],
    commands: {
      [ASKED]: write({ ...DEFAULTS, ...main }),
      'postconf -n': write(main),
      'postconf -P': `submission/inet/smtpd_sasl_auth_enable = yes\n${services}`,
    },
    ...changes,
  };
}
const find = (host: FakeHost, toml = '') => finds(postfixCheck, host, toml);

test('a Postfix that logs to syslog and takes logins is in order', async () => {
  assert.deepEqual(await find(postfix()), ['ok: Postfix 3.7.11 logs to syslog as mail']);
});

test('where no Postfix runs, or only in a container, nothing is said; where its settings are hidden, that is', async () => {
  assert.deepEqual(await find({}), []);
  assert.deepEqual(await find(postfix({}, '', { processes: ['container:qmgr'] })), []);
  assert.match(
    (await find({ processes: ['qmgr'] })).join(),
    /^note: Postfix runs, but postconf cannot tell its settings/,
  );
});

test('a log file of its own has to be read, and another facility is not looked at', async () => {
  const own = postfix({ maillog_file: '/var/log/postfix.log' });
  assert.match(
    troubles(await find(own)),
    /^problem: Postfix logs to \/var\/log\/postfix\.log, which no source reads .* \[source\.postfix-log\] \| files = \["\/var\/log\/postfix\.log"\] \| filter = \["postfix"\]$/,
  );
  assert.equal(troubles(await find(own, '[source.mail]\nfiles = ["/var/log/*.log"]')), '');
  assert.match(
    troubles(await find(postfix({ syslog_facility: 'local0' }))),
    /^warning: Postfix logs to the syslog facility local0: .* postconf -e 'syslog_facility = mail' \| postfix reload$/,
  );
});

test('ports behind the addresses are a problem only with a filter of its own that does not read them', async () => {
  const logsPorts = postfix({ smtpd_client_port_logging: 'yes' });
  assert.equal(troubles(await find(logsPorts)), '');
  const own = parseFilter(PORTLESS, '/etc/tailban/filters/postfix.toml');
  assert.match(
    troubles(await finds(postfixCheck, logsPorts, '', { filters: new Map([['postfix', own]]) })),
    /^problem: Postfix logs the port behind the address .* postconf -e 'smtpd_client_port_logging = no' \| postfix reload$/,
  );
});

test('failed logins without a name lead to what can name them', async () => {
  const failed = (end: string) =>
    `${new Date(NOW).toISOString()} mx1 postfix/smtpd[1]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x${end}\n`;
  const toml = '[source.mail]\nfiles = ["/var/log/mail.log"]';
  const log = (text: string, type: string) =>
    postfix({ smtpd_sasl_type: type }, '', { files: { '/var/log/mail.log': text } });
  assert.match(
    troubles(await find(log(failed('').repeat(3), 'dovecot'), toml)),
    /^warning: None of the last 3 failed logins .* auth_verbose = yes$/,
  );
  assert.match(
    troubles(await find(log(failed(''), 'cyrus'), toml)),
    /^warning: .*; newer versions of Postfix name it$/,
  );
  assert.equal(troubles(await find(log(failed(', sasl_username=alice'), 'cyrus'), toml)), '');
});

test('no logins at all are told, and so is a proxy in front', async () => {
  const host = postfix({}, '', { commands: { ...postfix().commands, 'postconf -P': '' } });
  assert.match((await find(host)).join('\n'), /note: Postfix takes no logins/);
  const proxied = postfix({}, 'smtps/inet/smtpd_upstream_proxy_protocol = haproxy\n');
  assert.match(troubles(await find(proxied)), /^warning: Postfix stands behind a proxy .* \[postfix\.policy\]/);
});

const POLICY = '[postfix.policy]\nlisten = "unix:/var/spool/postfix/private/tailban"';

test('a policy service that Postfix does not ask is a problem, with lines that keep what stood there before', async () => {
  assert.match(
    troubles(await find(postfix({ smtpd_sender_restrictions: 'reject_unknown_sender_domain' }), POLICY)),
    /^problem: .* unix:private\/tailban stands neither .*smtpd_sender_restrictions = \$tailban, reject_unknown_sender_domain' \| postfix reload$/,
  );
  const asked = { tailban: 'check_policy_service { unix:private/tailban, default_action=DUNNO }' };
  assert.match((await find(postfix(asked), POLICY)).join('\n'), /ok: Postfix asks tailban at unix:private\/tailban$/);
  assert.match(
    (await find(postfix({ tailban: 'check_policy_service unix:private/tailban' }), POLICY)).join('\n'),
    /note: While tailban is down Postfix defers all mail/,
  );
});

test('lookup tables that Postfix does not use are a problem', async () => {
  const toml = '[postfix.socketmap]\nlisten = "127.0.0.1:10032"';
  assert.match(troubles(await find(postfix(), toml)), /^problem: .* no table socketmap:inet:127\.0\.0\.1:10032:client/);
  const used = postfix({ smtpd_client_restrictions: 'check_client_access socketmap:inet:127.0.0.1:10032:client' });
  assert.match(
    (await find(used, toml)).join('\n'),
    /ok: Postfix looks things up in socketmap:inet:127\.0\.0\.1:10032:…/,
  );
});

test('smtpd_delay_reject = no with a list that lets in only logins is a trap', async () => {
  const trap = postfix({ smtpd_delay_reject: 'no', smtpd_client_restrictions: 'permit_sasl_authenticated, reject' });
  assert.match(troubles(await find(trap)), /^warning: smtpd_delay_reject is "no"/);
});
