/** SUBJECT on the command line: an address, a network, or with `--login` a login name. */
import { parseNetwork } from '../core/ip.ts';
import { parseSubject, subjectKey } from '../core/subject.ts';
import { CliError, EXIT } from './exit.ts';

export interface SubjectOptions {
  /** `--login NAME`, or true for `--login` behind or before the name. */
  readonly login?: string | true;
}

/** How subjects are written, for hints. */
export const FORMS = 'An address is 192.0.2.1 or 2001:db8::1, a network 192.0.2.0/24; a login is given as --login NAME';

/** The subject as the API takes it, such as `192.0.2.1` or `login:alice@example.org`; null where none is given. */
export function readSubject(argument: string | undefined, { login }: SubjectOptions): string | null {
  if (login !== undefined) return loginSubject(argument, login);
  if (argument === undefined) return null;
  const subject = parseSubject(argument);
  if (subject === null) throw new CliError(EXIT.usage, `"${argument}" is no address and no network`, FORMS);
  return subjectKey(subject);
}

/** As above, where there must be one. */
export function requireSubject(argument: string | undefined, options: SubjectOptions): string {
  const subject = readSubject(argument, options);
  if (subject === null) throw new CliError(EXIT.usage, 'An address, a network or a login is missing', FORMS);
  return subject;
}

/** An address or network, in canonical form. */
export function requireNetwork(argument: string): string {
  const network = parseNetwork(argument);
  if (network === null)
    throw new CliError(
      EXIT.usage,
      `"${argument}" is no address and no network`,
      'An address is 192.0.2.1 or 2001:db8::1, a network 192.0.2.0/24',
    );
  return network;
}

function loginSubject(argument: string | undefined, login: string | true): string {
  if (login !== true && argument !== undefined)
    throw new CliError(
      EXIT.usage,
      `Both "${argument}" and the login "${login}" are given, one is expected`,
      'Run the command once for each',
    );
  const name = login === true ? argument : login;
  const subject = name === undefined ? null : parseSubject(`login:${name}`);
  if (subject === null)
    throw new CliError(EXIT.usage, 'A login name is missing', 'For instance: --login alice@example.org');
  return subjectKey(subject);
}
