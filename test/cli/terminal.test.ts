import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { BanView } from '../../src/api/contract.ts';
import { allow } from '../../src/cli/commands/allow.ts';
import { ban } from '../../src/cli/commands/ban.ts';
import { distrust } from '../../src/cli/commands/distrust.ts';
import { importBans } from '../../src/cli/commands/import.ts';
import { list } from '../../src/cli/commands/list.ts';
import { reload } from '../../src/cli/commands/reload.ts';
import { status } from '../../src/cli/commands/status.ts';
import { unban } from '../../src/cli/commands/unban.ts';
import type { Invocation } from '../../src/cli/invocation.ts';
import { BANS, fakeControl, NOW } from '../api/fake-control.ts';
import { serve } from '../api/serving.ts';
import { invocation, screen } from './screen.ts';

const EVIL = 'x\u001b[2J\u001b]0;owned\u0007\u202e\r\nroot';

function evilBans(): readonly BanView[] {
  const [first] = BANS;
  assert.ok(first);
  return [{ ...first, subject: EVIL, type: 'login', reason: `tried ${EVIL}` }];
}

test('a table fits into 80 columns by cutting the reason and nothing else', async (t) => {
  const [first] = BANS;
  assert.ok(first);
  const bans = [
    { ...first, reason: 'because '.repeat(40), subject: '2001:db8:1111:2222:3333:4444:5555:6666' },
    { ...first, since: NOW - 1, reason: 'short' },
  ];
  const { socketPath } = await serve(t, fakeControl({ bans: () => bans }));
  const { terminal, out } = screen({ columns: 80 });
  await list(invocation(terminal, socketPath), { format: 'table' });
  const lines = stripVTControlCharacters(out()).split('\n');
  assert.ok(
    lines.every((line) => line.length <= 80),
    out(),
  );
  assert.match(lines.join('\n'), /2001:db8:1111:2222:3333:4444:5555:6666 {2}because.*… +3m ago +in 57m/);
});

test('nothing is cut where the output is a file, or --wide is given', async (t) => {
  const [first] = BANS;
  assert.ok(first);
  const reason = 'because '.repeat(40).trim();
  const { socketPath } = await serve(t, fakeControl({ bans: () => [{ ...first, reason }] }));
  for (const [columns, wide] of [
    [null, false],
    [80, true],
  ] as const) {
    const { terminal, out } = screen({ columns });
    await list(invocation(terminal, socketPath), { format: 'table', wide });
    assert.ok(out().includes(reason));
  }
});

test('colours are for terminals, and not where NO_COLOR or --no-color says so', async (t) => {
  const { socketPath } = await serve(t, fakeControl());
  const show = async (options: Parameters<typeof screen>[0], noColour = false): Promise<string> => {
    const { terminal, out } = screen(options);
    if (noColour) terminal.noColour();
    await status(invocation(terminal, socketPath), {});
    return out();
  };
  const coloured = await show({ columns: 80 });
  assert.match(coloured, /\u001b\[31m {2}source extra/);
  const plain = stripVTControlCharacters(coloured);
  assert.equal(await show({ columns: null }), plain);
  assert.equal(await show({ columns: 80, env: { NO_COLOR: '1' } }), plain);
  assert.equal(await show({ columns: 80 }, true), plain);
});

test('what an attacker chose cannot steer the terminal', async (t) => {
  const { socketPath } = await serve(
    t,
    fakeControl({
      bans: evilBans,
      status: () => ({ ...fakeControl().status(), problems: [EVIL] }),
    }),
  );
  const { terminal, out } = screen({ columns: 200, env: { NO_COLOR: '1' } });
  await list(invocation(terminal, socketPath), { format: 'table' });
  await status(invocation(terminal, socketPath), {});
  terminal.fail(EVIL, EVIL);
  assert.doesNotMatch(out(), /(?!\n)[\p{Cc}\p{Cf}]/u);
  assert.match(out(), /login x·\[2J·\]0;owned····root/);
});

test('a name with line breaks forges no line, whatever tells of it', async (t) => {
  const login = 'x\n203.0.113.99\u001b[2J';
  const [first] = BANS;
  assert.ok(first);
  const { socketPath } = await serve(
    t,
    fakeControl({
      bans: () => [{ ...first, subject: login, type: 'login' }],
      unban: async () => [`login:${login}`],
      allow: async () => [`login:${login}`],
      reload: async () => ({ changes: [login], notes: [login] }),
      import: async () => ({ imported: 0, skipped: [`login:${login} is allowed`] }),
    }),
  );
  const commands: ((shown: Invocation) => Promise<unknown>)[] = [
    (shown) => ban(shown, undefined, { login }),
    (shown) => unban(shown, undefined, { login }),
    (shown) => unban(shown, undefined, { all: true }),
    (shown) => allow(shown, '192.0.2.0/24', { note: '' }),
    (shown) => list(shown, { format: 'plain' }),
    (shown) => list(shown, { format: 'table' }),
    (shown) => distrust(shown, undefined, { login }),
    (shown) => reload(shown),
    (shown) => importBans(shown, undefined, { format: 'plain' }),
  ];
  for (const command of commands) {
    const { terminal, out, err } = screen({ input: '192.0.2.1\n' });
    await command(invocation(terminal, socketPath));
    const shown = out() + err();
    assert.match(shown, /x(?:·|\\n)203\.0\.113\.99/);
    assert.doesNotMatch(shown, /^\s*203|(?!\n)[\p{Cc}\p{Cf}]/mu);
  }
  const { terminal, err } = screen();
  terminal.fail(`${login} is not banned`, login);
  assert.equal(err(), 'tailban: x·203.0.113.99·[2J is not banned\nhint: x·203.0.113.99·[2J\n');
});

test('an empty list says so', async (t) => {
  const { socketPath } = await serve(t, fakeControl({ bans: () => [] }));
  const { terminal, out } = screen();
  await list(invocation(terminal, socketPath), { format: 'table' });
  assert.equal(out(), 'Nobody is banned\n');
});
