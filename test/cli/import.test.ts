import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { importBans } from '../../src/cli/commands/import.ts';
import { list } from '../../src/cli/commands/list.ts';
import { guessFormat } from '../../src/cli/import/entries.ts';
import { readJson } from '../../src/cli/import/json.ts';
import { readPlain, readStalwart } from '../../src/cli/import/lines.ts';
import { BANS, fakeControl, NOW } from '../api/fake-control.ts';
import { serve } from '../api/serving.ts';
import { invocation, screen } from './screen.ts';

const HOUR = 3_600_000;

test('every spelling of a key of Stalwart is read', () => {
  const { entries, skipped } = readStalwart(
    [
      'server.blocked-ip.192.0.2.1',
      'server.blocked-ip.192.0.2.2 = ""',
      'server.blocked-ip.192.0.2.3=',
      'server.blocked-ip."2001:db8::1" = ""',
      '"server.blocked-ip.2001:DB8::2" = "scan"',
      'server.blocked-ip.2001:db8:3::/48 = ""\r',
      'server.allowed-ip.192.0.2.200 = ""',
      'server.blocked-ip = "192.0.2.201"',
      '# server.blocked-ip.192.0.2.202 = ""',
      '[server.blocked-ip]',
      '"192.0.2.4" = ""',
      '192.0.2.5 = ""',
      '[server]',
      'blocked-ip.192.0.2.6 = ""',
      '[]',
      'server.blocked-ip.192.0.2.256 = ""',
    ].join('\n'),
  );
  assert.deepEqual(
    entries.map(({ subject }) => subject),
    [
      ...['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1', '2001:db8::2', '2001:db8:3::/48'],
      ...['192.0.2.4', '192.0.2.5', '192.0.2.6'],
    ],
  );
  assert.deepEqual(skipped, ['line 16: "192.0.2.256" is no address and no network']);
});

test('plain lines may say when the ban ends, as a time or as a duration', () => {
  const { entries, skipped } = readPlain(
    [
      '192.0.2.1',
      '192.0.2.2 1h',
      '192.0.2.3,2026-12-01T00:00:00Z',
      '192.0.2.4, 1796083200',
      '192.0.2.5\t1796083200000',
      '192.0.2.6 never # for good',
      'login:Alice@Example.org 1d',
      '',
      '; a comment',
      '192.0.2.7 soon',
      '192.0.2.8 1h 2h',
    ].join('\n'),
    NOW,
  );
  assert.deepEqual(entries, [
    { subject: '192.0.2.1' },
    { subject: '192.0.2.2', until: NOW + HOUR },
    { subject: '192.0.2.3', until: Date.UTC(2026, 11, 1) },
    { subject: '192.0.2.4', until: Date.UTC(2026, 11, 1) },
    { subject: '192.0.2.5', until: Date.UTC(2026, 11, 1) },
    { subject: '192.0.2.6', until: null },
    { subject: 'login:alice@example.org', until: NOW + 24 * HOUR },
  ]);
  assert.equal(skipped.length, 2);
});

test('JSON of Stalwart is read in the shapes that its versions write', () => {
  const shapes: readonly unknown[] = [
    { 'server.blocked-ip.192.0.2.1': '' },
    { server: { 'blocked-ip': { '192.0.2.1': '' }, listener: { smtp: {} } } },
    [{ type: 'insert', prefix: null, values: [['server.blocked-ip.192.0.2.1', '']] }],
    { list: [{ address: '192.0.2.1' }] },
  ];
  for (const shape of shapes) {
    const text = JSON.stringify(shape);
    assert.equal(guessFormat(text), 'json');
    assert.deepEqual(readJson(text, NOW), { entries: [{ subject: '192.0.2.1' }], skipped: [] }, text);
  }
  const blocked = [{ address: '192.0.2.1', reason: 'scan', expiresAt: '2026-12-01T00:00:00Z' }];
  const expected = { subject: '192.0.2.1', until: Date.UTC(2026, 11, 1), reason: 'scan' };
  assert.deepEqual(readJson(JSON.stringify(blocked), NOW).entries, [expected]);
});

test('JSON in which nothing is found is told, and so is each item of a list that names nobody', () => {
  for (const value of [{ a: 1 }, {}, 7, 'x'])
    assert.deepEqual(
      readJson(JSON.stringify(value), NOW),
      { entries: [], skipped: ['JSON: no address, network or login is in it'] },
      JSON.stringify(value),
    );
  assert.deepEqual(readJson('[]', NOW), { entries: [], skipped: [] });
  assert.deepEqual(readJson('["192.0.2.1", {"ip": "192.0.2.2"}, {"pi": "192.0.2.3"}, "nobody"]', NOW), {
    entries: [{ subject: '192.0.2.1' }, { subject: '192.0.2.2' }],
    skipped: ['[3]: "nobody" is no address, network or login', '[2]: no address, network or login is in it'],
  });
});

test('a list without a single ban ends as data that cannot be used', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const { terminal, out, err } = screen({ input: '{"a":1}' });
  assert.equal(await importBans(invocation(terminal, socketPath), undefined, { format: 'auto' }), 65);
  assert.equal(out(), 'Imported 0 bans, left out 1\n');
  assert.equal(err(), '  JSON: no address, network or login is in it\n');
});

test('a login that looks like the key of another one stays itself', () => {
  const listed = [{ subject: 'login:bob', type: 'login', until: null }];
  assert.deepEqual(readJson(JSON.stringify(listed), NOW).entries, [{ subject: 'login:login:bob', until: null }]);
});

test('a login as long as a log line is taken over, and a longer one keeps out no other', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const long = `login:${'x'.repeat(16_000)}`;
  const { terminal, out } = screen({ input: `${long}\nlogin:${'x'.repeat(20_000)}\n192.0.2.1\n` });
  assert.equal(await importBans(invocation(terminal, socketPath), undefined, { format: 'plain' }), 0);
  assert.equal(out(), 'Imported 2 bans, left out 1\n');
});

const SSH = { SSH_CONNECTION: '203.0.113.50 5022 203.0.113.10 22' };
const OWN = '203.0.113.0/25 would lock you out, who are logged in from 203.0.113.50; --force bans it all the same';

test('nobody locks himself out by a list, unless he insists', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const input = '203.0.113.0/25\n203.0.113.128/25\nlogin:203.0.113.50\n';
  const { terminal, out, err } = screen({ input, env: SSH });
  assert.equal(await importBans(invocation(terminal, socketPath), undefined, { format: 'auto' }), 0);
  assert.equal(out(), 'Imported 2 bans, left out 1\n');
  assert.equal(err(), `  ${OWN}\n`);
  const insisting = screen({ input, env: SSH });
  await importBans(invocation(insisting.terminal, socketPath), undefined, { format: 'auto', force: true });
  assert.equal(insisting.out(), 'Imported 3 bans\n');
});

test('nobody locks himself out by a backup', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const ban = { since: NOW, until: null, cause: 'manual', reason: 'scan', offence: 1, evidence: [] };
  const input = JSON.stringify({
    'tailban-backup': 1,
    version: '1.2.3',
    written: NOW,
    allowed: [],
    history: [],
    bans: [
      { ...ban, subject: '203.0.113.0/25' },
      { ...ban, subject: '192.0.2.1' },
    ],
    knownGood: [],
  });
  const { terminal, out, err } = screen({ input, env: SSH });
  assert.equal(await importBans(invocation(terminal, socketPath), undefined, { format: 'auto' }), 0);
  assert.match(out(), /^Imported 1 ban, .* left out 1$/m);
  assert.equal(err(), `  ${OWN}\n`);
});

test('what list prints in any of its forms, import reads back', async (t) => {
  for (const format of ['json', 'stalwart', 'plain'] as const) {
    const control = fakeControl();
    const { socketPath } = await serve(t, control);
    const listing = screen();
    await list(invocation(listing.terminal, socketPath), { format });
    const importing = screen({ input: listing.out() });
    assert.equal(await importBans(invocation(importing.terminal, socketPath), undefined, { format: 'auto' }), 0);
    const expected = BANS.filter(({ type }) => format !== 'stalwart' || type !== 'login').map((ban) => ({
      subject: ban.type === 'login' ? `login:${ban.subject}` : ban.subject,
      until: format === 'json' ? ban.until : null,
      reason: format === 'json' ? ban.reason : 'imported',
    }));
    assert.deepEqual(control.asked, [['import', { bans: expected }]]);
  }
});

test('bans that have ended are left out, and a long list goes to the daemon in parts', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const lines = Array.from({ length: 45_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  const { terminal, out, err } = screen({ input: `${lines.join('\n')}\n192.0.2.1 2020-01-01\n` });
  assert.equal(await importBans(invocation(terminal, socketPath), '-', { format: 'auto', for: '1h' }), 0);
  assert.equal(out(), 'Imported 45,000 bans, left out 1\n');
  assert.equal(err(), '  1 ban that ended before now\n');
  assert.equal(control.asked.length, 3);
});

test('no text makes a reader throw', () => {
  const word = fc.constantFrom(
    'server.blocked-ip.',
    '192.0.2.1',
    '"',
    "'",
    '=',
    ' ',
    '\n',
    '[',
    ']',
    '{',
    ',',
    '::',
    '#',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string())), (parts) => {
      const text = parts.join('');
      readPlain(text, NOW);
      readStalwart(text);
      if (guessFormat(text) === 'json') readJson(text, NOW);
    }),
  );
});

test('no JSON makes the reader throw, and it takes nothing that is no subject', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      for (const { subject } of readJson(text, NOW).entries) assert.notEqual(subject, '');
    }),
  );
});
