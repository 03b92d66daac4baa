/**
 * Locked logins and banned addresses for Exim: the logins as an `lsearch` file, the addresses as an `iplsearch` file. Both
 * are read at each lookup. Beside a locked login stand the networks of its owner, as keys of login and network, because
 * `${mask:…}` gives Exim the network of a client in the same form.
 */
import { addressWidth, type Network, networkBase, networkLength, toGroups } from '../../core/ip.ts';
import type { LoginNameSettings } from '../../core/login-names.ts';
import { parseSubject, subjectKey } from '../../core/subject.ts';
import type { Millis, Subject } from '../../core/types.ts';
import type { Held } from '../types.ts';
import { readEnd, writeEnd } from './end.ts';
import { FileEnforcer, type Table } from './file-enforcer.ts';
import type { Owners } from './owners.ts';
import { spellings } from './spellings.ts';

const LONGEST_LOGIN = 512;
const HEAD = '# Written by tailban: who is refused, and until when (seconds since 1970). Changes are overwritten.\n';
/** Behind the networks of an owner, where the end of the lock stands otherwise. */
const GOOD = 'good';
/** Behind the further names of a login. */
const ALIAS = 'alias';

export interface EximLoginsOptions {
  readonly path: string;
  readonly owners: Owners;
  readonly names: LoginNameSettings;
  readonly now: () => Millis;
}

export function eximLogins({ path, owners, names, now }: EximLoginsOptions): FileEnforcer {
  const table = new LoginTable(owners, spellings(names));
  return new FileEnforcer({ name: 'Exim logins file', path, table, logins: 'spares owners', now });
}

export function eximAddresses({ path, now }: { readonly path: string; readonly now: () => Millis }): FileEnforcer {
  return new FileEnforcer({ name: 'Exim addresses file', path, table: ADDRESS_TABLE, logins: null, now });
}

class LoginTable implements Table {
  readonly #owners: Owners;
  readonly #spellings: (login: string) => readonly string[];

  constructor(owners: Owners, names: (login: string) => readonly string[]) {
    this.#owners = owners;
    this.#spellings = names;
  }

  handles(subject: Subject): boolean {
    return subject.type === 'login' && isWritable(subject.login);
  }

  head(): string {
    return HEAD;
  }

  entries(held: readonly Held[]): readonly string[] {
    const logins = held.flatMap(({ subject }) => (subject.type === 'login' ? [subject.login] : []));
    const origins = logins.length === 0 ? undefined : this.#owners(new Set(logins));
    return held.map(({ subject, until }) => {
      if (subject.type !== 'login') return '';
      const keys = (origins?.get(subject.login) ?? []).map(maskOf);
      const lines = this.#spellings(subject.login).map((name, index) => {
        if (!isWritable(name)) return '';
        const own = lineOf(name, index === 0 ? writeEnd(until) : ALIAS);
        return own + keys.map((key) => lineOf(`${name} ${key}`, GOOD)).join('');
      });
      return lines.join('');
    });
  }

  read(text: string): readonly Held[] {
    return text.split('\n').flatMap((line) => {
      const [, login = '', end = ''] = /^"((?:[^"\\]|\\.)*)": (\S+)$/.exec(line) ?? [];
      return heldOf(`login:${login.replace(/\\(.)/g, '$1')}`, end);
    });
  }
}

const ADDRESS_TABLE: Table = {
  handles: (subject) => subject.type !== 'login',
  head: () => HEAD,
  entries: (held) => held.map(({ subject, until }) => lineOf(subjectKey(subject), writeEnd(until))),
  read: (text) =>
    text.split('\n').flatMap((line) => {
      const [, network = '', end = ''] = /^"(\S+)": (\S+)$/.exec(line) ?? [];
      return heldOf(network, end);
    }),
};

/** In quotes a key may hold colons and blanks. */
function lineOf(key: string, value: string): string {
  return `"${key.replace(/["\\]/g, '\\$&')}": ${value}\n`;
}

function heldOf(text: string, end: string): readonly Held[] {
  const subject = parseSubject(text);
  const until = readEnd(end);
  return subject === null || until === undefined ? [] : [{ subject, until }];
}

/** As `${mask:…}` of Exim writes a network: IPv6 in full, with dots between its groups. */
function maskOf(network: Network): string {
  const base = networkBase(network);
  if (addressWidth(base) === 32) return network;
  const groups = toGroups(base).map((group) => group.toString(16).padStart(4, '0'));
  return `${groups.join('.')}/${networkLength(network)}`;
}

function isWritable(login: string): boolean {
  return !/[\0-\x1f\x7f]/.test(login) && login.length <= LONGEST_LOGIN;
}
