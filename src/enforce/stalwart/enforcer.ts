/**
 * Stalwart as an enforcer: banned addresses go onto its list of blocked addresses, locked logins lose the permission to
 * authenticate; passwords are still looked at first, so what fails during a lock is a real guess and counts against the
 * address. Only what we have put there is ever taken out again. Calls come one at a time, as the queue makes them.
 */
import { subjectKey } from '../../core/subject.ts';
import type { Ban, Change, LoginHandling, Millis, Subject } from '../../core/types.ts';
import { EnforceError } from '../../errors.ts';
import type { Enforcer } from '../types.ts';
import { Accounts } from './accounts.ts';
import { type BlockList, piecesOf } from './block-list.ts';
import { Client } from './client.ts';
import { ObjectApi } from './object-api.ts';
import { type Entry, Ours } from './ours.ts';
import { SettingsApi } from './settings-api.ts';

export interface StalwartOptions {
  readonly url: string;
  readonly token: () => string;
  /** Which API it has; `auto` finds out. */
  readonly version: 'auto' | '0.15' | '0.16';
  readonly addresses: boolean;
  readonly logins: boolean;
  /** An account may be named without it. */
  readonly defaultDomain: string | null;
  /** Where to note down what is ours. */
  readonly notes: string;
  readonly now: () => Millis;
  readonly warn: (message: string) => void;
  readonly timeout?: Millis;
}

export function stalwart(options: StalwartOptions): Enforcer {
  return new Stalwart(options);
}

/** The whole list is looked at no more often than that. */
const LOOK_EVERY: Millis = 60_000;
const ACCOUNTS_AT_ONCE = 8;
const MOST_FAILURES = 16;

class Stalwart implements Enforcer {
  readonly name = 'Stalwart';
  readonly needsEnds = true;
  readonly #options: StalwartOptions;
  readonly #client: Client;
  readonly #accounts: Accounts;
  readonly #ours: Ours;
  #list: BlockList | null = null;
  /** The addresses that are to be blocked, by us or by somebody else, and until when. */
  #wanted = new Map<string, Millis | null>();
  #lastLook: Millis = 0;
  #hasWarned = false;

  constructor(options: StalwartOptions) {
    this.#options = options;
    this.#client = new Client(options);
    this.#accounts = new Accounts(this.#client, options.defaultDomain);
    this.#ours = new Ours(options.notes);
  }

  /** Known for sure when the server has told which API it has. */
  get logins(): LoginHandling | null {
    const { logins, version } = this.#options;
    const mayLock = logins && version !== '0.16' && !(this.#list instanceof ObjectApi);
    return mayLock ? 'does not stop guesses' : null;
  }

  handles(subject: Subject): boolean {
    return subject.type === 'login' ? this.logins !== null : this.#options.addresses;
  }

  async apply(changes: readonly Change[]): Promise<void> {
    if (this.#list === null) throw new EnforceError('Cannot change Stalwart before it has been reset', [], '');
    const bans = changes.flatMap((change) => (change.type === 'ban' ? [change.ban] : []));
    const freed = changes.flatMap((change) => (change.type === 'unban' ? [change.subject] : []));
    const [logins, addresses] = split(bans, ({ subject }) => subject);
    const [freedLogins, freedAddresses] = split(freed, (subject) => subject);
    const unknown = addresses.map(({ subject }) => subjectKey(subject)).filter((key) => !this.#ours.get(key));
    const taken = await this.#list.among(unknown);
    await this.#block(
      this.#list,
      addresses.filter(({ subject }) => !taken.has(subjectKey(subject))),
    );
    await this.#unblock(this.#list, freedAddresses.map(subjectKey));
    for (const { subject, until } of addresses) this.#wanted.set(subjectKey(subject), until);
    if (addresses.length + freedAddresses.length > 0) await this.#list.reload();
    await this.#lock(logins);
    await this.#unlock(freedLogins.map(subjectKey));
  }

  async reset(bans: readonly Ban[]): Promise<void> {
    this.#ours.load();
    const { list, blocked } = await this.#connect();
    const [logins, addresses] = split(bans, ({ subject }) => subject);
    const [ourLogins, ourAddresses] = split(this.#ours.entries(), ({ subject }) => subject);
    const wanted = new Map(addresses.map(({ subject, until }) => [subjectKey(subject), until]));
    const missing = addresses.filter(({ subject, until }) => {
      const key = subjectKey(subject);
      const entry = this.#ours.get(key);
      return !blocked.has(key) || (entry !== undefined && entry.until !== until);
    });
    await this.#block(list, missing);
    const over = ourAddresses.map(({ subject }) => subjectKey(subject)).filter((key) => !wanted.has(key));
    await this.#unblock(list, over);
    // Also what an earlier try has changed and not brought into effect.
    await list.reload();
    this.#wanted = wanted;
    this.#lastLook = this.#options.now();
    const locked = new Set(logins.map(({ subject }) => subjectKey(subject)));
    await this.#lock(logins);
    await this.#unlock(ourLogins.map(({ subject }) => subjectKey(subject)).filter((key) => !locked.has(key)));
    this.#ours.tidy();
  }

  async intact(): Promise<boolean> {
    const list = this.#list;
    if (list === null) return false;
    const now = this.#options.now();
    if (Math.abs(now - this.#lastLook) < LOOK_EVERY) return true;
    const blocked = await list.read();
    this.#lastLook = now;
    return (
      blocked !== null &&
      [...this.#wanted].every(([key, until]) => blocked.has(key) || (until !== null && until <= now))
    );
  }

  async remaining(): Promise<readonly Entry[]> {
    this.#ours.load();
    return this.#ours.entries();
  }

  async remove(): Promise<void> {
    await this.reset([]);
  }

  /** Finds out which API there is, and what is blocked. */
  async #connect(): Promise<{ list: BlockList; blocked: ReadonlySet<string> }> {
    const { version, logins, warn, url } = this.#options;
    const settings = new SettingsApi(this.#client);
    const older = version === '0.16' ? null : await settings.read();
    if (older !== null) {
      this.#list = settings;
      return { list: settings, blocked: older };
    }
    if (version === '0.15')
      throw new EnforceError(
        `Stalwart at ${url} does not have the API of 0.15, it answered 404; write version = "auto"`,
        [],
        '',
      );
    const objects = this.#list instanceof ObjectApi ? this.#list : new ObjectApi(this.#client, warn);
    const blocked = await objects.read();
    this.#list = objects;
    if (logins && !this.#hasWarned)
      warn('Stalwart 0.16 and later has no API that locks logins: they are not locked there');
    this.#hasWarned = true;
    return { list: objects, blocked };
  }

  async #block(list: BlockList, bans: readonly Ban[]): Promise<void> {
    if (bans.length === 0) return;
    this.#ours.add(bans.map(({ subject, until }) => ({ subject, until, account: null })));
    await list.block(bans.map(({ subject, until, reason }) => ({ address: subjectKey(subject), until, reason })));
  }

  /** Those of them that are ours. */
  async #unblock(list: BlockList, keys: readonly string[]): Promise<void> {
    const ours = keys.filter((key) => this.#ours.get(key) !== undefined);
    if (ours.length > 0) await list.unblock(ours);
    this.#ours.remove(ours);
    for (const key of keys) this.#wanted.delete(key);
  }

  async #lock(bans: readonly Ban[]): Promise<void> {
    if (this.#list instanceof ObjectApi) return;
    await eachOf(bans, async ({ subject, until }) => {
      const account = subject.type === 'login' ? await this.#accounts.find(subject.login) : null;
      if (account === null) return;
      // Disabled by somebody else: not ours to enable later.
      if (account.isDisabled && !this.#ours.hasAccount(account.name)) return;
      this.#ours.add([{ subject, until, account: account.name }]);
      if (!account.isDisabled) await this.#accounts.disable(account.name);
    });
  }

  async #unlock(keys: readonly string[]): Promise<void> {
    await eachOf(keys, async (key) => {
      const account = this.#ours.get(key)?.account;
      if (account === undefined || account === null) return;
      if (this.#list instanceof ObjectApi)
        this.#options.warn(`Stalwart has no API any more to enable the account ${account}: do it by hand`);
      // Two logins may be of one account: its name and its address.
      else if (!this.#ours.hasAccount(account, key)) await this.#accounts.enable(account);
      this.#ours.remove([key]);
    });
  }
}

/** Logins, and addresses with networks. */
function split<T>(items: readonly T[], subjectOf: (item: T) => Subject): [T[], T[]] {
  const isLogin = (item: T): boolean => subjectOf(item).type === 'login';
  return [items.filter(isLogin), items.filter((item) => !isLogin(item))];
}

/**
 * Does it for all of them, some at a time. One that fails does not keep the others from it; a server that fails always does,
 * so that stopping does not take for ever. @throws the first error
 */
async function eachOf<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const piece of piecesOf(items, ACCOUNTS_AT_ONCE)) {
    for (const result of await Promise.allSettled(piece.map(action)))
      if (result.status === 'rejected') failures.push(result.reason);
    if (failures.length > MOST_FAILURES) break;
  }
  if (failures.length > 0) throw failures[0];
}
