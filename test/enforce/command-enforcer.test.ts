/** Commands of the admin's own: what they are given, what becomes of failures, and what an attacker cannot make of them. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { PLACEHOLDERS } from '../../src/config/command-schema.ts';
import { unbanValues } from '../../src/enforce/argument-template.ts';
import { commandRunner, type Run } from '../../src/enforce/command.ts';
import { type CommandEnforcerOptions, commandEnforcer } from '../../src/enforce/command-enforcer.ts';
import { EnforceError } from '../../src/errors.ts';
import { ban, banOf, subject, unban } from './bans.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

interface Call {
  readonly argv: string;
  readonly input: string;
  readonly env: Readonly<Record<string, string>> | undefined;
}

let calls: Call[];
/** What to fail for. */
let bad: RegExp;
let running: number;

beforeEach(() => {
  calls = [];
  bad = /^$/;
  running = 0;
});

const run: Run = async (argv, input = '', env) => {
  assert.equal(++running, 1, 'one command at a time');
  await new Promise((resolve) => setImmediate(resolve));
  running--;
  const text = argv.join(' ');
  calls.push({ argv: text, input, env });
  return bad.test(text)
    ? { exitCode: 3, stdout: '', stderr: 'first\nno such thing\n' }
    : { exitCode: 0, stdout: '', stderr: '' };
};

function enforcer(options: Partial<CommandEnforcerOptions> = {}) {
  return commandEnforcer({
    name: 'mine',
    ban: ['block', '{subject}', '--for={seconds}'],
    unban: ['unblock', '{subject}'],
    reset: null,
    batch: false,
    types: ['address', 'network', 'login'],
    refusesLogins: false,
    run,
    now: () => NOW,
    ...options,
  });
}

const argvs = (): string[] => calls.map(({ argv }) => argv);

test('placeholders are filled in, as whole arguments and as parts of them', async () => {
  const all = '{action} {type} {subject} {address} {login} {until} {seconds} {reason} {} {other}';
  const mine = enforcer({ ban: ['p', all, 'x{subject}y{subject}'] });
  await mine.apply([ban('192.0.2.1', NOW + HOUR - 1), ban('2001:db8::/64'), ban('login:a{login}b', NOW - 5)]);
  assert.deepEqual(argvs(), [
    'p ban address 192.0.2.1 192.0.2.1  2023-11-14T23:13:19.999Z 3600 a test {} {other} x192.0.2.1y192.0.2.1',
    'p ban network 2001:db8::/64 2001:db8::/64  permanent 0 a test {} {other} x2001:db8::/64y2001:db8::/64',
    'p ban login a{login}b  a{login}b 2023-11-14T22:13:19.995Z 1 a test {} {other} xa{login}bya{login}b',
  ]);
  assert.deepEqual(Object.keys(unbanValues(subject('192.0.2.1'))).sort(), [...PLACEHOLDERS].sort());
});

test('the environment says the same', async () => {
  await enforcer().apply([ban('login:alice', NOW + 90_000), unban('192.0.2.1')]);
  assert.deepEqual(calls[0]?.env, {
    TAILBAN_ACTION: 'ban',
    TAILBAN_TYPE: 'login',
    TAILBAN_SUBJECT: 'alice',
    TAILBAN_ADDRESS: '',
    TAILBAN_LOGIN: 'alice',
    TAILBAN_UNTIL: '2023-11-14T22:14:50.000Z',
    TAILBAN_SECONDS: '90',
    TAILBAN_REASON: 'a test',
  });
  assert.equal(calls[1]?.env?.['TAILBAN_ACTION'], 'unban');
});

test('it is told only of what it asks for, and not of ends where it has no command for them', async () => {
  const mine = enforcer({ types: ['address'], unban: null });
  assert.deepEqual(
    ['192.0.2.1', '192.0.2.0/24', 'login:a'].map((text) => mine.handles(subject(text))),
    [true, false, false],
  );
  assert.equal(mine.logins, null);
  assert.equal(enforcer().logins, 'does not stop guesses');
  assert.equal(enforcer({ refusesLogins: true }).logins, 'spares nobody');
  await mine.apply([unban('192.0.2.1')]);
  assert.deepEqual(calls, []);
});

test('no login becomes an option, a word of its own or a program', () => {
  const handles = (template: readonly [string, ...string[]], login: string) =>
    enforcer({ ban: template, unban: null }).handles({ type: 'login', login });
  assert.ok(!handles(['p', '{login}'], '-rf'));
  assert.ok(!handles(['p', '{subject}@x', '--', 'y'], '-rf'));
  assert.ok(!handles(['p', '{address}{login}'], '--help'));
  assert.ok(handles(['p', '{login}'], 'a-b'));
  assert.ok(handles(['p', '-v', '--user={login}'], '-rf'));
  assert.ok(handles(['p', '--', '{login}'], '-rf'));
  assert.ok(!handles(['p', '--', '{login}'], 'a\0b'));
  assert.ok(!handles(['p', '{login}'], 'x'.repeat(2_000)));
  assert.ok(
    !enforcer({ unban: ['p', '{login}'], ban: ['p', '--', '{login}'] }).handles({ type: 'login', login: '-x' }),
  );
});

test('a command that fails says why, and does not keep the others from being run', async () => {
  const mine = enforcer();
  bad = /192\.0\.2\.2/;
  await assert.rejects(mine.apply([ban('192.0.2.1'), ban('192.0.2.2'), ban('192.0.2.3')]), (error) => {
    assert.ok(error instanceof EnforceError);
    assert.equal(error.message, 'block ended with 3: no such thing');
    assert.deepEqual(error.argv, ['block', '192.0.2.2', '--for=0']);
    return true;
  });
  assert.equal(calls.length, 3);
});

test('after a failure only that is told which has not been told yet', async () => {
  const mine = enforcer();
  bad = /192\.0\.2\.2/;
  await mine.apply([ban('192.0.2.1'), ban('192.0.2.2'), ban('192.0.2.3')]).catch(() => {});
  calls = [];
  bad = /^$/;
  await mine.reset([banOf('192.0.2.1'), banOf('192.0.2.2'), banOf('192.0.2.4', NOW + 1_000)]);
  assert.deepEqual(argvs(), ['unblock 192.0.2.3', 'block 192.0.2.2 --for=0', 'block 192.0.2.4 --for=1']);
  calls = [];
  await mine.reset([banOf('192.0.2.1', NOW + 2_000), banOf('192.0.2.2'), banOf('192.0.2.4', NOW + 1_000)]);
  assert.deepEqual(argvs(), ['block 192.0.2.1 --for=2']);
  calls = [];
  await mine.remove();
  assert.deepEqual(argvs(), ['unblock 192.0.2.1', 'unblock 192.0.2.2', 'unblock 192.0.2.4']);
});

test('reset has a command of its own, where there is one', async () => {
  const mine = enforcer({ reset: ['only'] });
  await mine.reset([banOf('192.0.2.1', NOW + 1_000), banOf('login:a "b"\n')]);
  const lines = [
    '{"action":"ban","type":"address","subject":"192.0.2.1","until":"2023-11-14T22:13:21.000Z","seconds":1,"reason":"a test"}',
    '{"action":"ban","type":"login","subject":"a \\"b\\"","until":null,"seconds":null,"reason":"a test"}',
  ];
  assert.deepEqual(calls, [{ argv: 'only', input: `${lines.join('\n')}\n`, env: undefined }]);
  await mine.remove();
  assert.deepEqual(calls.at(-1), { argv: 'only', input: '', env: undefined });
});

test('a batch is one run that reads lines', async () => {
  const mine = enforcer({ batch: true, ban: ['many'], unban: null });
  await mine.apply([ban('192.0.2.1'), unban('login:-x')]);
  const input = `{"action":"ban","type":"address","subject":"192.0.2.1","until":null,"seconds":null,"reason":"a test"}
{"action":"unban","type":"login","subject":"-x"}
`;
  assert.deepEqual(calls, [{ argv: 'many', input, env: undefined }]);
  await mine.reset([banOf('192.0.2.1')]);
  assert.equal(calls.length, 1, 'there was nothing left to tell');
});

test('a real program gets arguments, environment and standard input', async () => {
  const script =
    'process.stderr.write(process.argv.slice(1).join("|") + " " + process.env.TAILBAN_LOGIN); process.exit(9)';
  const mine = enforcer({
    ban: [process.execPath, '-e', script, '--', '{login}', '$(id) `id` *'],
    run: commandRunner(),
  });
  await assert.rejects(mine.apply([ban('login:a; b')]), /ended with 9: a; b\|\$\(id\) `id` \* a; b$/);
  const read =
    'process.stdin.on("data", (data) => process.stderr.write(data)); process.stdin.on("end", () => process.exit(1))';
  const batch = enforcer({ batch: true, ban: [process.execPath, '-e', read], run: commandRunner() });
  await assert.rejects(
    batch.apply([unban('192.0.2.1')]),
    /ended with 1: \{"action":"unban","type":"address","subject":"192\.0\.2\.1"\}$/,
  );
  const slow = enforcer({
    ban: [process.execPath, '-e', 'setInterval(() => {}, 1000)'],
    run: commandRunner({ timeout: 200 }),
  });
  await assert.rejects(slow.apply([ban('192.0.2.1')]), /did not answer within 200 ms and was killed/);
});
