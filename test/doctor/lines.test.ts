import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNetwork } from '../../src/core/ip.ts';
import { linesCheck } from '../../src/doctor/checks/lines.ts';
import { type FakeFile, finds, NOW, situation, troubles } from './fake-host.ts';

const LOG = '/var/log/mail.log';
const TOML = `[source.mail]\nfiles = ["${LOG}"]`;
const HOUR = 3_600_000;

const failure = (ip: string, time = NOW): string =>
  `${new Date(time).toISOString()} mx1 postfix/smtpd[377]: warning: unknown[${ip}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=alice@example.org\n`;
const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('');
const find = (text: string, file: FakeFile = {}) => finds(linesCheck, { files: { [LOG]: { text, ...file } } }, TOML);

test('lines that the filters recognise are counted, with the programs that wrote them', async () => {
  const text =
    many(20, (index) => failure(`198.51.100.${index}`)) +
    many(5, () => `${new Date(NOW).toISOString()} mx1 cron[1]: job\n`);
  assert.deepEqual(await find(text), [`ok: The filters recognise 20 of the last 25 lines of ${LOG}, by postfix/smtpd`]);
});

test('a log that no filter reads is a warning that names who writes it', async () => {
  const text = many(20, () => `${new Date(NOW).toISOString()} mx1 named[1]: zone loaded\n`);
  assert.match(
    troubles(await find(text)),
    /^warning: None of the last 20 lines of \/var\/log\/mail\.log is by a program that a filter reads; it is written by named \[as root\] tailban filter list \| tailban filter test \/var\/log\/mail\.log$/,
  );
  assert.match((await find('just one\n')).join('\n'), /^note: .* is as good as empty \(lines: 1\)$/);
});

test('a known program of whose failures none is recognised is a warning, an unknown one a note', async () => {
  const odd = (program: string) =>
    `${new Date(NOW).toISOString()} mx1 ${program}[9]: Login failed for 198.51.100.7 at the door\n`;
  assert.match(
    troubles(await find(many(40, () => odd('postfix/smtpd')))),
    /^warning: No pattern matches any of the 40 last lines of "postfix\/smtpd" in .*, though 40 look like failures, such as: Login failed for 198\.51\.100\.7/,
  );
  assert.match(
    (await find(many(40, () => odd('gatekeeper')) + failure('198.51.100.7'))).join('\n'),
    /note: No filter reads "gatekeeper" in/,
  );
});

test('a log full of odd names is told in a few lines', async () => {
  const text = many(
    600,
    (index) => `${new Date(NOW).toISOString()} mx1 odd${index % 60}[9]: failed for 198.51.100.7\n`,
  );
  assert.equal((await find(text)).length, 4);
});

test('a log in another zone than that of the host is a problem, since bans would begin in the past', async () => {
  // Stamps without a zone are read in that of the host, whatever that is.
  const behind = new Date(NOW - 2 * HOUR);
  const stamp = `${behind.toString().slice(4, 7)} ${behind.toString().slice(8, 10)} ${behind.toString().slice(16, 24)}`;
  const text = failure('198.51.100.7').replace(/^\S+/, stamp);
  assert.match(
    troubles(await find(text)),
    /^problem: The last line of .* says it was written 120 minutes before the file was, and its stamps carry no zone.* \[source\.mail\] \| timezone = "(?:UTC|Etc\/GMT[+-]\d+)"/,
  );
  assert.match(
    troubles(await find(failure('198.51.100.7', NOW - HOUR))),
    /^warning: .* 60 minutes before .* Is the clock of the program that writes it right\?$/,
  );
  assert.match(
    troubles(await find(failure('198.51.100.7', NOW + HOUR))),
    /^warning: .* 60 minutes after .* count as if they came now/,
  );
  assert.equal(troubles(await find(failure('198.51.100.7', NOW - HOUR), { modified: NOW - HOUR })), '');
});

test('the zone that is offered puts the stamps right', async () => {
  const stamp = new Date(NOW - 2 * HOUR).toString();
  const text = failure('198.51.100.7').replace(
    /^\S+/,
    `${stamp.slice(4, 7)} ${stamp.slice(8, 10)} ${stamp.slice(16, 24)}`,
  );
  const zone = /timezone = "([^"]+)"/.exec(troubles(await find(text)))?.[1];
  const { sources } = await situation(`${TOML}\ntimezone = "${zone}"\n`);
  assert.equal(troubles(await finds(linesCheck, { files: { [LOG]: { text } } }, '', { sources })), '');
});

test('for a source that was found by itself the files stand beside the zone', async () => {
  const { sources } = await situation(TOML);
  const behind = new Date(NOW - 2 * HOUR).toString();
  const text = failure('198.51.100.7').replace(
    /^\S+/,
    `${behind.slice(4, 7)} ${behind.slice(8, 10)} ${behind.slice(16, 24)}`,
  );
  const found = await finds(linesCheck, { files: { [LOG]: { text } } }, '', { sources, discoveries: [`found ${LOG}`] });
  assert.match(
    troubles(found),
    /\[source\.mail\] \| files = \["\/var\/log\/mail\.log"\] \| timezone = "(?:UTC|Etc\/GMT[+-]\d+)"/,
  );
});

test('failures that all come from a gateway or a private address show a proxy, those of one attacker do not', async () => {
  assert.match(
    troubles(await find(many(20, () => failure('172.22.1.1')))),
    /^problem: 20 of the last 20 failures in .* come from 172\.22\.1\.1, a private address: the log shows a proxy/,
  );
  assert.match(
    troubles(await find(many(20, () => failure('127.0.0.1')))),
    /^warning: .*: a webmail or a proxy on this host/,
  );
  assert.equal(troubles(await find(many(20, () => failure('198.51.100.7')))), '');
  assert.equal(troubles(await find(many(5, () => failure('172.22.1.1')))), '');
  assert.equal(
    troubles(await find(many(10, () => failure('172.22.1.1')) + many(10, (index) => failure(`198.51.100.${index}`)))),
    '',
  );
  const own = [[parseNetwork('203.0.113.1') ?? assert.fail(), 'default gateway']] as const;
  const found = await finds(linesCheck, { files: { [LOG]: { text: many(20, () => failure('203.0.113.1')) } } }, TOML, {
    own,
  });
  assert.match(troubles(found), /^problem: .* come from 203\.0\.113\.1 \(default gateway\)/);
});

test('the journal is asked for what the daemon reads, and a journal that says no is no matter for this check', async () => {
  const entry = {
    __REALTIME_TIMESTAMP: String(NOW * 1000),
    SYSLOG_IDENTIFIER: 'postfix/smtpd',
    _SYSTEMD_UNIT: 'postfix@-.service',
    _UID: '0',
    _PID: '377',
    MESSAGE:
      'warning: unknown[198.51.100.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=alice@example.org',
    SYSLOG_FACILITY: '2',
    _TRANSPORT: 'syslog',
  };
  const commands = {
    'journalctl --all --output=json --no-pager --lines=2000 SYSLOG_FACILITY=2 + SYSLOG_FACILITY=10 + _SYSTEMD_UNIT=postfix@-.service': `${JSON.stringify(entry)}\n`,
  };
  const toml = '[source.journal]\nunits = ["postfix@-.service"]';
  assert.deepEqual(await finds(linesCheck, { commands }, toml), [
    'ok: The filters recognise 1 of the last 1 lines of the journal, by postfix/smtpd',
  ]);
  assert.deepEqual(await finds(linesCheck, {}, toml), []);
});

test('a line of half a megabyte that is made to be slow takes no time', async () => {
  const start = performance.now();
  await find(many(20, () => `${new Date(NOW).toISOString()} mx1 postfix/smtpd[1]: failed ${'a:'.repeat(12_000)}\n`));
  assert.ok(performance.now() - start < 5_000);
});
