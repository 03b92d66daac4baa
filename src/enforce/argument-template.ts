/** Commands with placeholders, such as `["ipset", "add", "bad", "{address}", "timeout", "{seconds}"]`. Pure, and no shell. */
import { subjectKey } from '../core/subject.ts';
import type { Ban, Millis, Subject } from '../core/types.ts';

/** What stands for what in a command; the environment has the same, as `TAILBAN_SUBJECT` and so on. */
export interface Values {
  readonly action: 'ban' | 'unban';
  readonly type: Subject['type'];
  /** The address, network or login. */
  readonly subject: string;
  /** Empty for a login, as `login` is for the others. */
  readonly address: string;
  readonly login: string;
  /** ISO 8601 in UTC, or `permanent`; empty for the end of a ban, as the next two are. */
  readonly until: string;
  /** Whole seconds that are left; 0 for a ban without end, as ipset(8) and others have it. */
  readonly seconds: string;
  readonly reason: string;
}

/** The placeholders of a command. */
const PLACEHOLDER = /\{([a-z]+)\}/g;

export function banValues({ subject, until, reason }: Ban, now: Millis): Values {
  const seconds = until === null ? 0 : Math.max(1, Math.ceil((until - now) / 1000));
  return {
    ...unbanValues(subject),
    action: 'ban',
    until: until === null ? 'permanent' : new Date(until).toISOString(),
    seconds: String(seconds),
    reason,
  };
}

export function unbanValues(subject: Subject): Values {
  const login = subject.type === 'login' ? subject.login : '';
  const address = subject.type === 'login' ? '' : subjectKey(subject);
  return {
    action: 'unban',
    type: subject.type,
    subject: login === '' ? address : login,
    address,
    login,
    until: '',
    seconds: '',
    reason: '',
  };
}

/** A placeholder that there is none of stays as it is; the configuration has been checked for such. */
export function fillIn(template: readonly string[], values: Values): readonly string[] {
  return template.map((argument) =>
    argument.replace(PLACEHOLDER, (text, name: string) => (isName(name, values) ? values[name] : text)),
  );
}

/**
 * Whether a text of an attacker's choosing could become an option: it would begin an argument with a dash, and no `--`
 * before it says that there are no more options.
 */
export function wouldBeOption(template: readonly string[], values: Values): boolean {
  const filled = fillIn(template, values);
  const end = template.indexOf('--');
  const options = filled.slice(1, end < 0 ? filled.length : end);
  return options.some((argument, index) => argument.startsWith('-') && !template[index + 1]?.startsWith('-'));
}

export function environmentOf(values: Values): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`TAILBAN_${name.toUpperCase()}`, value]));
}

function isName(name: string, values: Values): name is keyof Values {
  return Object.hasOwn(values, name);
}
