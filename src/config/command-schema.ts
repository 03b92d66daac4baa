/** The tables `[command.NAME]`: commands of the admin's own that carry bans out. */
import type { CommandConfig } from './config.ts';
import { duration, flag, found } from './forms.ts';
import { someOf } from './list-forms.ts';
import { type Form, optional, type Report, setting, table } from './setting.ts';
import type { TomlTable, TomlValue } from './toml.ts';

type Argv = CommandConfig['ban'];
type Type = CommandConfig['types'][number];

/** What is filled into the arguments of a command, in braces. */
export const PLACEHOLDERS = ['action', 'type', 'subject', 'address', 'login', 'until', 'seconds', 'reason'] as const;
const TYPES: readonly Type[] = ['address', 'network', 'login'];

export const command = table(
  'A command that is told of bans, any number of them, under any names; see docs/commands.md.',
  {
    ban: optional(argv(), {
      meaning: `What bans: the program and its arguments, in which ${PLACEHOLDERS.map((name) => `{${name}}`).join(', ')} are filled in`,
      fail2ban: 'actionban',
      example: ['/usr/local/sbin/block', '--for', '{seconds}', '--', '{subject}'],
    }),
    unban: optional(argv(), {
      meaning: 'What ends a ban',
      fail2ban: 'actionunban',
      example: ['/usr/local/sbin/unblock', '--', '{subject}'],
    }),
    reset: optional(argv(), {
      meaning:
        'What brings the outside to exactly the bans that it reads, as JSON lines; run at the start and after failures',
      example: ['/usr/local/sbin/block-only'],
    }),
    batch: setting(flag(), false, {
      meaning: 'Whether ban reads bans and ends of bans, many at a time, as JSON lines instead of arguments',
    }),
    kinds: setting(someOf(TYPES, 'kinds'), ['address', 'network'], {
      meaning: 'What it is told of: "address", "network", "login"',
    }),
    'refuses-logins': setting(flag(), false, {
      meaning: 'Whether a server refuses locked logins because of it, so that what fails then counts against nobody',
    }),
    timeout: setting(duration(), '30s', { meaning: 'How long one run may take before it is killed, and has failed' }),
  },
  isConsistent,
);

/** A program and its arguments; no shell reads them. */
export function argv(): Form<Argv> {
  return {
    type: 'array of a program and its arguments',
    read: (value, report) => {
      if (!Array.isArray(value) || value.length === 0)
        return report({
          message: `${typeof value === 'string' ? 'one string' : found(value)} is no command`,
          hint: 'Write ["/path/to/program", "argument", "…"]; no shell takes it apart',
        });
      value.forEach((argument: TomlValue, index) => {
        const problem = problemOf(argument, index);
        if (problem !== null) report({ path: [index], ...problem });
      });
      return value as unknown as Argv;
    },
    write: (value) => [...value],
  };
}

function problemOf(argument: TomlValue, index: number): { message: string; offset?: number; hint?: string } | null {
  if (typeof argument !== 'string') return { message: `${found(argument)} is no argument`, hint: 'Write it in quotes' };
  const nul = argument.indexOf('\0');
  if (nul >= 0) return { message: 'an argument holds no NUL', offset: nul };
  if (index === 0 && argument === '') return { message: 'the program is missing' };
  for (const { 0: text, 1: name = '', index: offset } of argument.matchAll(/\{([a-z]+)\}/g)) {
    if (index === 0) return { message: 'the program is always the same one, nothing is filled in here', offset };
    if (!PLACEHOLDERS.some((placeholder) => placeholder === name))
      return {
        message: `nothing is known to fill in for ${text}`,
        offset,
        hint: `Known are ${PLACEHOLDERS.join(', ')}`,
      };
  }
  return null;
}

function isConsistent(raw: TomlTable, report: Report): void {
  const isFilledIn = (value: TomlValue | undefined): boolean =>
    Array.isArray(value) && value.some((argument) => typeof argument === 'string' && /\{[a-z]+\}/.test(argument));
  if (!Object.hasOwn(raw, 'ban'))
    report({ message: 'ban is missing', hint: 'Write ban = ["/path/to/program", "{subject}"]' });
  if (isFilledIn(raw['reset']))
    report({ path: ['reset'], message: 'reset reads its bans from standard input, nothing is filled in' });
  if (raw['batch'] !== true) return;
  if (isFilledIn(raw['ban']))
    report({ path: ['ban'], message: 'with batch, ban reads from standard input, nothing is filled in' });
  if (Object.hasOwn(raw, 'unban'))
    report({
      path: ['unban'],
      on: 'key',
      message: 'with batch, ban is told of the ends of bans too',
      hint: 'Leave unban out',
    });
}
