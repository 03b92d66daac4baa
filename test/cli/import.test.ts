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
