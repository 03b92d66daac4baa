/**
 * Completion in the shells themselves: bash and zsh on a terminal, as somebody types, fish by its own request. Needs the
 * shells, so it is not among the quick tests.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { BanView } from '../../src/api/contract.ts';
import { completionScript } from '../../src/cli/commands/completion.ts';
import { SHELLS, type Shell } from '../../src/cli/completion/names.ts';
import { describeProgram } from '../../src/cli/program.ts';
import { BANS, fakeControl } from '../api/fake-control.ts';
import { serve } from '../api/serving.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');

/** A folder with `tailban` in it, which asks that daemon, and the completion of one shell. */
async function bench(t: TestContext, shell: Shell, bans: readonly BanView[] | null): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-completion-'));
  t.after(() => rm(folder, { recursive: true }));
  const socket =
    bans === null ? join(folder, 'nobody') : (await serve(t, fakeControl({ bans: () => bans }))).socketPath;
  const program = `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' --socket '${socket}' "$@"\n`;
  await writeFile(join(folder, 'tailban'), program, { mode: 0o755 });
  await writeFile(join(folder, shell === 'zsh' ? '_tailban' : 'script'), completionScript(shell, describeProgram('1')));
  await writeFile(join(folder, 'some file.toml'), '');
  return folder;
}

/** zsh would take the keys of vi where EDITOR names that, as npm has it. */
const START: Readonly<Record<'bash' | 'zsh', readonly [string, string]>> = {
  bash: ['bash --norc -i', 'bind "TAB:menu-complete"; . ./script'],
  zsh: ['zsh -f -i', 'bindkey -e; setopt menu_complete; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D'],
};

/** What stands on the line after the tab key was pressed behind a text: the first of all that fits. */
async function pressTab(shell: Shell, folder: string, line: string): Promise<string> {
  const env = {
    ...process.env,
    PATH: `${folder}:${process.env['PATH']}`,
    HOME: folder,
    TERM: 'dumb',
    LC_ALL: 'C.UTF-8',
    HISTFILE: '',
  };
  if (shell === 'fish') {
    const request = `. ./script; complete -C '${line.replaceAll(/[\\']/g, '\\$&')}'`;
    const { stdout } = await promisify(execFile)('fish', ['--no-config', '-c', request], { cwd: folder, env });
    const [first] = stdout.split(/[\t\n]/);
    return first === '' || first === undefined ? line : `${line.replace(/\S*$/, '')}${first}`;
  }
  const [command, setup] = START[shell];
  const child = spawn('script', ['-qfc', command, '/dev/null'], { cwd: folder, env });
  let output = '';
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const deadline = AbortSignal.timeout(15_000);
    for (;;) {
      const found = pattern.exec(output);
      if (found !== null) return found;
      if (deadline.aborted) throw new Error(`${shell} does not say ${pattern}, but:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
  });
  try {
    // Not echoed as it is printed, so that the echo is not taken for the answer.
    child.stdin.write(`${setup}; printf '%s%s\\n' REA DY\n`);
    await says(/\nREADY\r?\n/);
    // Behind what was completed: to the start of the line, and all of it printed.
    child.stdin.write(`${line}\t\x01printf '<%s>\\n' "\x05"\n`);
    return (await says(/\n<(.*)>\r?\n/))[1]?.trimEnd() ?? '';
  } finally {
    child.stdin.end('exit\n');
    await once(child, 'close');
  }
}

const REQUESTS: readonly (readonly [string, string])[] = [
  ['tailban unb', 'tailban unban'],
  ['tailban filter sh', 'tailban filter show'],
  ['tailban list --form', 'tailban list --format'],
  ['tailban list --format st', 'tailban list --format stalwart'],
  ['tailban --no-color list --ty', 'tailban --no-color list --type'],
  ['tailban run --log-level w', 'tailban run --log-level warn'],
  ['tailban completion f', 'tailban completion fish'],
  ['tailban unban 192', 'tailban unban 192.0.2.1'],
  ['tailban unban 2001:db8:', 'tailban unban 2001:db8:bad::/64'],
  ['tailban explain 192', 'tailban explain 192.0.2.1'],
  ['tailban unban --login al', 'tailban unban --login alice@example.org'],
  ['tailban disallow 198', 'tailban disallow 198.51.100.0/24'],
  ['tailban filter show dovec', 'tailban filter show dovecot'],
  ['tailban filter test --filter stalw', 'tailban filter test --filter stalwart'],
];

for (const shell of SHELLS) {
  test(`${shell} completes commands, options, choices and what is banned`, async (t) => {
    const folder = await bench(t, shell, BANS);
    for (const [typed, expected] of REQUESTS) assert.equal(await pressTab(shell, folder, typed), expected, typed);
  });

  test(`${shell} completes files where files are expected`, async (t) => {
    const folder = await bench(t, shell, BANS);
    const line = await pressTab(shell, folder, 'tailban check some');
    assert.equal(line.replaceAll('\\', ''), 'tailban check some file.toml');
  });

  test(`${shell} completes nothing of the daemon where none runs, and says nothing`, async (t) => {
    const folder = await bench(t, shell, null);
    assert.equal(await pressTab(shell, folder, 'tailban unban 192'), 'tailban unban 192');
  });

  test(`${shell} runs and inserts nothing that an attacker has put into the name of a login`, async (t) => {
    const names = ['$(touch pwned)', '`touch pwned`', 'al;touch pwned', '--all', 'al ice', "al'", 'al"', 'al\\', 'al*'];
    const [own] = BANS.filter(({ type }) => type === 'login');
    assert.ok(own);
    const bans = [...names, 'alz@example.org'].map((subject): BanView => ({ ...own, subject }));
    const folder = await bench(t, shell, bans);
    assert.equal(await pressTab(shell, folder, 'tailban unban --login al'), 'tailban unban --login alz@example.org');
    assert.equal(await pressTab(shell, folder, 'tailban unban --login '), 'tailban unban --login alz@example.org');
    assert.ok(!existsSync(join(folder, 'pwned')));
  });
}
