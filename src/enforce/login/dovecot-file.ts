/**
 * Locked logins, and banned addresses where that is wanted, as a `passwd-file` of Dovecot. A passdb in front of the real
 * one refuses whom it finds there.
 *
 * Such a passdb knows no exceptions, and `deny = yes` refuses whoever has a line, whatever else the line says. But with
 * `result_success = return-fail` it refuses those for whom its lookup succeeds, and goes on with the next passdb for all
 * others. So a line that takes any password, but only from the networks outside of the owner's, locks out everybody else.
 */
import { setTimeout } from 'node:timers/promises';
import type { Network } from '../../core/ip.ts';
import type { LoginNameSettings } from '../../core/login-names.ts';
import { parseSubject, subjectKey, subjectNetwork } from '../../core/subject.ts';
import type { Ban, Millis, Subject } from '../../core/types.ts';
import type { Run } from '../command.ts';
import type { Held } from '../types.ts';
import { readEnd, writeEnd } from './end.ts';
import { FileEnforcer, type Table } from './file-enforcer.ts';
import { outside } from './outside.ts';
import type { Owners } from './owners.ts';
import { spellings } from './spellings.ts';

/** The user under whom the line with all banned addresses stands; `*` is in no login that Dovecot accepts by default. */
const EVERYBODY = '*banned*';
const LONGEST_LOGIN = 512;
const HEAD = `# Written by tailban: who is refused, and until when (seconds since 1970). Changes are overwritten.\n`;

export interface DovecotFileOptions {
  readonly path: string;
  /** Whether banned addresses stand in it too. */
  readonly addresses: boolean;
  /** From where the owners of logins are let in; null locks them out too. */
  readonly owners: Owners | null;
  readonly names: LoginNameSettings;
  /** The beginning of the command that ends the sessions of a user; null leaves them open. */
  readonly kick: readonly [string, ...string[]] | null;
  readonly run: Run;
  readonly now: () => Millis;
  readonly warn: (message: string) => void;
  readonly sleep?: (duration: Millis) => Promise<unknown>;
}

export function dovecotFile(options: DovecotFileOptions): FileEnforcer {
  const { path, kick, owners, now } = options;
  return new FileEnforcer({
    name: 'Dovecot deny file',
    path,
    table: new PasswdFile(options),
    logins: owners === null ? 'spares nobody' : 'spares owners',
    now,
    ...(kick === null ? {} : { onBanned: (bans) => endSessions(bans, kick, options) }),
  });
}

/** passwd-file: user, password, four fields for others (the comment among them tells the end), shell, extra fields. */
class PasswdFile implements Table {
  readonly #addresses: boolean;
  readonly #owners: Owners | null;
  readonly #spellings: (login: string) => readonly string[];

  constructor({ addresses, owners, names }: DovecotFileOptions) {
    this.#addresses = addresses;
    this.#owners = owners;
    this.#spellings = spellings(names);
  }

  handles(subject: Subject): boolean {
    return subject.type === 'login' ? isWritable(subject.login) : this.#addresses;
  }

  head(held: Iterable<Held>): string {
    if (!this.#addresses) return HEAD;
    const networks = [...held].flatMap(({ subject }) => subjectNetwork(subject) ?? []);
    return networks.length === 0 ? HEAD : HEAD + lineOf(EVERYBODY, '', allowing(networks));
  }

  entries(held: readonly Held[]): readonly string[] {
    const logins = held.flatMap(({ subject }) => (subject.type === 'login' ? [subject.login] : []));
    const origins = logins.length === 0 ? undefined : this.#owners?.(new Set(logins));
    return held.map(({ subject, until }) => {
      if (subject.type !== 'login') return `#${subjectKey(subject)} ${writeEnd(until)}\n`;
      const fields = this.#owners === null ? '' : allowing(outsideOf(origins?.get(subject.login)));
      const [, ...others] = this.#spellings(subject.login);
      const lines = others.filter(isWritable).map((name) => lineOf(name, '', fields));
      return lineOf(subject.login, writeEnd(until), fields) + lines.join('');
    });
  }

  read(text: string): readonly Held[] {
    return text.split('\n').flatMap((line): Held[] => {
      const [, address, addressEnd = ''] = /^#(\S+) (\S+)$/.exec(line) ?? [];
      const [login = '', , , , loginEnd = ''] = line.split(':');
      const subject = address === undefined ? parseSubject(`login:${login}`) : parseSubject(address);
      const until = readEnd(address === undefined ? loginEnd : addressEnd);
      return subject === null || until === undefined ? [] : [{ subject, until }];
    });
  }
}

function lineOf(user: string, end: string, fields: string): string {
  return `${user}::::${end}${fields === '' ? '' : `:::${fields}`}\n`;
}

/** Extra fields with which a lookup succeeds from these networks, whatever the password. */
function allowing(networks: readonly string[]): string {
  return networks.length === 0 ? 'nopassword' : `nopassword allow_nets=${networks.join(',')}`;
}

/** None for all addresses there are. */
function outsideOf(networks: readonly Network[] | undefined): readonly string[] {
  return networks === undefined ? [] : outside(networks);
}

/** A colon ends the name, and what begins with # is a comment. Dovecot accepts no such logins by default. */
function isWritable(login: string): boolean {
  return !/[:\0-\x1f\x7f]|^#/.test(login) && login !== EVERYBODY && login.length <= LONGEST_LOGIN;
}

/** Sessions that are open already go on under a lock; this ends them. Nobody there to be ended is no failure. */
async function endSessions(
  bans: readonly Ban[],
  kick: readonly [string, ...string[]],
  { run, warn, sleep = setTimeout }: DovecotFileOptions,
): Promise<void> {
  const users = bans.flatMap(({ subject }) =>
    subject.type === 'login' && isOneUser(subject.login) ? [subject.login] : [],
  );
  if (users.length > 0) await sleep(NOTICED_AFTER);
  for (const user of users) {
    try {
      const { exitCode, stderr } = await run([...kick, user]);
      if (exitCode !== 0 && exitCode !== NOBODY_THERE)
        warn(`the sessions of ${user} cannot be ended: ${stderr.trim().split('\n')[0]}`);
    } catch (error) {
      warn(`the sessions of ${user} cannot be ended: ${error instanceof Error ? error.message : error}`);
    }
  }
}

/** Dovecot looks at the file once a second: who is thrown out before would come in again. */
const NOTICED_AFTER: Millis = 1_100;
/** `doveadm kick` found no session (EX_NOHOST of sysexits.h). */
const NOBODY_THERE = 68;

/**
 * `doveadm kick` takes wildcards and networks too, and ends the sessions of all that match: a login that an attacker made
 * up must not be one.
 */
function isOneUser(login: string): boolean {
  return /^[\w.+=@-]+$/.test(login) && /[^\d.]/.test(login) && !login.startsWith('-');
}
