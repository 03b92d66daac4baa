/** `tailban explain` of lines: by its own filter, so that what is told does not change with the shipped ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { judgeEvents } from '../../src/cli/explain/events.ts';
import { LineExplainer } from '../../src/cli/explain/line.ts';
import { printLine } from '../../src/cli/explain/line-report.ts';
import { parseFilter } from '../../src/config/filter-files.ts';
import { Judge } from '../../src/core/judge.ts';
import { network, settings } from '../core/judging.ts';
import { screen } from './screen.ts';

const GATE = parseFilter(
  `
name = "gate"
programs = ["gate", "gate/*"]
session = "pid"

[[pattern]]
name = "opened"
as = "start"
pattern = '''opened for <ip>'''
samples = [{ line = 'x' }]

[[pattern]]
name = "refused"
kind = "authentication"
pattern = '''refused <word>: wrong key of <login>, from \\[<ip>\\]'''
samples = [{ line = 'x' }]

[[pattern]]
name = "closed"
as = "held"
kind = "loitering"
pattern = '''closed without a word'''
samples = [{ line = 'x' }]
`,
  'gate.toml',
);
const DOOR = parseFilter(
  `
name = "door"
programs = ["door"]
own-log = true

[[pattern]]
name = "knocked"
kind = "scan"
pattern = '''knocked at the door: <ip>'''
samples = [{ line = 'x' }]
`,
  'door.toml',
);
const NOW = Date.UTC(2026, 10, 22, 9);
const OPTIONS = {
  localTime: (...[year, month, day, hour, minute]: [number, number, number, number, number]) =>
    Date.UTC(year, month, day, hour - 1, minute),
  reference: () => NOW,
  trust: { units: new Set(['gate.service']) },
};

function explainer(): LineExplainer {
  return new LineExplainer([GATE, DOOR], OPTIONS, 'Europe/Berlin');
}

function explained(line: string | Buffer) {
  return explainer().explain(Buffer.from(line as string));
}

function gateLine(message: string): string {
  return `Nov 22 08:47:29 mx1 gate/one[12]: ${message}`;
}

test('a line is taken apart into stamp, host, program, process and message', () => {
  const view = explained(gateLine('refused twice: wrong key of bob, from [192.0.2.1]'));
  assert.deepEqual(view.stamp, {
    text: 'Nov 22 08:47:29',
    format: 'RFC 3164, without a year, without a zone: read as Europe/Berlin',
  });
  assert.equal(view.time, Date.UTC(2026, 10, 22, 7, 47, 29));
  assert.deepEqual([view.host, view.program, view.pid], ['mx1', 'gate/one', '12']);
  assert.deepEqual(view.filters, ['gate']);
  assert.equal(view.problem, null);
});

test('the parts that the pattern took are told in their order', () => {
  const { match } = explained(gateLine('refused twice: wrong key of b\u00f6b, from [192.0.2.1]'));
  assert.equal(match?.pattern, 'refused');
  assert.equal(match?.ip, '192.0.2.1');
  assert.equal(match?.connection, 'pid 12 mx1');
  assert.deepEqual(match?.pieces, [
    { text: 'refused twice: wrong key of ', name: null },
    { text: 'b\u00f6b', name: 'login' },
    { text: ', from [', name: null },
    { text: '192.0.2.1', name: 'ip' },
    { text: ']', name: null },
  ]);
});

test('without colours carets stand under the parts, with colours nothing does', () => {
  const view = explained(gateLine('refused twice: wrong key of b, from [192.0.2.1]'));
  const plain = screen();
  printLine(view, true, plain.terminal);
  assert.match(
    plain.out(),
    / {2}message {5}refused twice: wrong key of b, from \[192\.0\.2\.1\]\n {42}\^ login {2}\^{9} ip\n/,
  );
  const coloured = screen({ columns: 80 });
  printLine(view, true, coloured.terminal);
  assert.doesNotMatch(coloured.out(), /\^/);
  assert.match(coloured.out(), /\u001b\[31m\u001b\[1m192\.0\.2\.1/);
  assert.match(stripVTControlCharacters(coloured.out()), /refused twice: wrong key of b, from \[192\.0\.2\.1\]/);
});

test('names that have no room stand in lines of their own', () => {
  const { terminal, out } = screen();
  const pieces = [
    { text: 'a', name: 'login' },
    { text: 'b', name: 'session' },
    { text: 'c', name: 'ip' },
  ];
  const match = explained(gateLine('opened for 192.0.2.1')).match;
  assert.ok(match);
  printLine({ ...explained(gateLine('x')), match: { ...match, pieces } }, true, terminal);
  assert.match(out(), /message {5}abc\n {14}\^ login\n {15}\^ session\n {16}\^ ip\n/);
});

test('a line that does not match is told with the place where the nearest pattern stops', () => {
  const { terminal, out } = screen();
  printLine(explained(gateLine('refused twice: wrong kex of bob, from [192.0.2.1]')), true, terminal);
  assert.match(out(), / {2}message {5}refused twice: wrong kex of bob.*\n {37}\^\n/);
  assert.match(out(), /nearest {5}refused of gate \(gate\.toml\)/);
  assert.match(out(), /expected {4}y of <login>, from \[<ip>\]\n {2}found {7}x of bob/);
});

test('why a line says nothing is told for every reason there is', () => {
  const reasons: [string | Buffer, RegExp][] = [
    ['gate[1]: refused', /no time stamp that is understood/],
    ['Nov 22 08:47:29 mx1', /names no program/],
    ['Nov 22 08:47:29 mx1 cron[1]: hello there', /^no filter is for the program "cron"$/],
    ['Nov 22 08:47:29 mx1 grate[1]: opened for 192.0.2.1', /"gate" would match, but is for gate, gate\/\*/],
    [gateLine('hello there'), /no pattern comes near/],
    [gateLine('opened for 1.2.3.4.5'), /"opened" matches, but "1\.2\.3\.4\.5" is no address/],
    [journal({ _UID: '1000' }), /a local user could have written this/],
    ['{"no":"journal"}', /no time stamp/],
    [Buffer.from([0xff, 0xfe, 0, 1]), /no time stamp/],
    ['', /no time stamp/],
  ];
  for (const [line, reason] of reasons) {
    const view = explained(line);
    assert.equal(view.match, null, String(line));
    assert.match(view.problem ?? '', reason);
  }
});

function journal(fields: Record<string, string>): string {
  return JSON.stringify({
    __REALTIME_TIMESTAMP: String(NOW * 1000),
    SYSLOG_IDENTIFIER: 'gate',
    _HOSTNAME: 'mx2',
    _PID: '7',
    MESSAGE: 'opened for 192.0.2.1',
    ...fields,
  });
}

test('an entry of the journal is read as the daemon reads it', () => {
  const view = explained(journal({ _UID: '1000', _SYSTEMD_UNIT: 'gate.service' }));
  assert.deepEqual([view.format, view.host, view.program, view.pid], ['journal', 'mx2', 'gate', '7']);
  assert.equal(view.match?.pattern, 'opened');
  assert.equal(view.time, NOW);
});

test('a line out of a container is unpacked first', () => {
  const log = 'Nov 22 08:47:29 mx1 gate[12]: opened for 192.0.2.1\n';
  const view = explained(JSON.stringify({ log, stream: 'stdout', time: '2026-11-22T06:47:29.5Z' }));
  assert.equal(view.unpacked, '2026-11-22T06:47:29.5Z mx1 gate[12]: opened for 192.0.2.1');
  assert.equal(view.match?.pattern, 'opened');
  assert.equal(view.time, Date.UTC(2026, 10, 22, 6, 47, 29, 500));
});

test('the log of one program needs no program name', () => {
  const view = explained('[2026-11-22 08:47:29] knocked at the door: 192.0.2.1');
  assert.equal(view.match?.filter, 'door');
  assert.equal(view.stamp?.text, '2026-11-22 08:47:29');
  assert.equal(view.program, null);
  assert.equal(view.message, 'knocked at the door: 192.0.2.1');
});

test('several lines are joined, and the events are judged by the limits and the allow-list', () => {
  const lines = explainer();
  for (const line of [
    'Nov 22 08:47:20 mx1 gate[1]: opened for 192.0.2.1',
    'Nov 22 08:47:21 mx1 gate[1]: closed without a word',
    'Nov 22 08:47:22 mx1 gate[2]: refused once: wrong key of bob, from [198.51.100.1]',
  ])
    lines.explain(Buffer.from(line));
  const judge = new Judge(settings({ limits: { ...settings().limits, loitering: { count: 1, period: 100 } } }));
  judge.allow([[network('198.51.100.0/24'), 'office']], NOW);
  const events = judgeEvents(lines.finish(), judge, NOW).sort((one, other) => one.line - other.line);
  assert.deepEqual(
    events.map(({ line, kind, ip, login, ignored }) => ({ line, kind, ip, login, ignored })),
    [
      { line: 2, kind: 'loitering', ip: '192.0.2.1', login: null, ignored: null },
      {
        line: 3,
        kind: 'authentication',
        ip: '198.51.100.1',
        login: 'bob',
        ignored: '198.51.100.1 is allowed: office (198.51.100.0/24)',
      },
    ],
  );
  assert.equal(events[0]?.bans[0]?.subject, '192.0.2.1');
});

test('what a client wrote cannot steer the terminal', () => {
  const evil = 'x\u001b[2J\u202e\u0007';
  for (const message of [`refused ${evil}: wrong key of ${evil}, from [192.0.2.1]`, `refused ${evil}: wrong`, evil]) {
    for (const line of [gateLine(message), `${evil} ${evil}`, `Nov 22 08:47:29 ${evil} ${evil}[${evil}]: ${evil}`]) {
      const { terminal, out } = screen();
      printLine(explained(line), false, terminal);
      assert.doesNotMatch(out(), /(?!\n)[\p{Cc}\p{Cf}]/u);
    }
  }
});
