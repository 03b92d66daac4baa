/**
 * What is known of logins beside their failures: from where they were used with success, which passwords have been tried
 * already, and whom we have refused ourselves. Pure; bounded, what was seen least recently goes first.
 */
import { type Address, type Network, overlaps } from './ip.ts';
import { KnownGood, type Origin, pairKey } from './known-good.ts';
import { RecentMap } from './recent.ts';
import type { LoginSettings } from './settings.ts';
import type { Millis } from './types.ts';

/** One failure of a login, and in which window of which address it stands. */
interface Failure {
  readonly addressKey: string;
  readonly time: Millis;
}

/** So many passwords, pairs with failures, and refusals are remembered. */
const MOST = 50_000;
/** More failures of one pair than that are not taken back by a success. */
const MOST_FAILURES = 64;
/** A refusal comes back as a failure in a log within so long: Dovecot writes some lines at the end of the connection. */
const ECHO_WITHIN: Millis = 300_000;

/** So many networks of one login are told to those who have to keep lists of them. */
const MOST_ORIGINS = 200;

/** A million pairs take some 50 ms to go through. */
const TIDY_EVERY: Millis = 3_600_000;

export class Logins {
  #settings: LoginSettings;
  readonly known: KnownGood;
  #lastTidy: Millis = 0;
  readonly #passwords = new RecentMap<string, Millis>();
  readonly #failures = new RecentMap<string, Failure[]>();
  readonly #refusals = new RecentMap<string, Millis[]>();

  constructor(settings: LoginSettings) {
    this.#settings = settings;
    this.known = new KnownGood(settings.knownGood.max);
  }

  configure(settings: LoginSettings): void {
    this.#settings = settings;
  }

  /** Whether the login has been used with success from there, as long as that is remembered. */
  isGood(login: string, origin: Network, now: Millis): boolean {
    return this.#settings.knownGood.memory !== null && this.#isRecent(this.known.last(pairKey(login, origin)), now);
  }

  /** From where the login has been used with success, as long as that is remembered; the latest first. */
  originsOf(login: string, now: Millis): Origin[] {
    const { memory } = this.#settings.knownGood;
    return memory === null ? [] : this.known.of(login).filter(({ last }) => now - last < memory);
  }

  /** Forgets from where a login was used: within or around the network, or from anywhere. Returns what was forgotten. */
  distrust(login: string, network: Network | null): Network[] {
    const networks = this.known.of(login).map((origin) => origin.network);
    const gone = networks.filter((one) => network === null || overlaps(network, one));
    for (const one of gone) this.known.remove(pairKey(login, one));
    return gone;
  }

  /** Forgets what is too old to matter. */
  tidy(now: Millis): void {
    const { memory } = this.#settings.knownGood;
    if (memory === null || now - this.#lastTidy < TIDY_EVERY) return;
    this.#lastTidy = now;
    this.known.forgetBefore(now - memory);
  }

  /** The networks from where each of some logins is good, the latest first; one without any is missing. */
  originsOfMany(logins: ReadonlySet<string>, now: Millis): ReadonlyMap<string, readonly Network[]> {
    const { memory } = this.#settings.knownGood;
    return memory === null ? new Map() : this.known.ofMany(logins, now - memory, MOST_ORIGINS);
  }

  /** The login worked. Returns its failures from there, which are forgiven if it had worked from there before. */
  succeeded(login: string, origin: Network, time: Millis): readonly Failure[] {
    if (this.#settings.knownGood.memory === null) return [];
    const pair = pairKey(login, origin);
    if (!this.#isRecent(this.known.note(pair, time), time)) return [];
    const failures = this.#failures.get(pair) ?? [];
    if (failures.length > 0) this.#failures.delete(pair);
    return failures;
  }

  /** Remembers a failure that has been counted, from where the login has worked: it may be forgiven. */
  ownerFailed(login: string, origin: Network, failure: Failure): void {
    const pair = pairKey(login, origin);
    const failures = this.#failures.get(pair) ?? [];
    if (failures.length === MOST_FAILURES) failures.shift();
    failures.push(failure);
    this.#failures.set(pair, failures);
    this.#failures.trim(MOST);
  }

  /** Whether the same password was tried within the period before, on the same login and by the same address or network. */
  isRepeated(login: string, addressKey: string, password: string, time: Millis, period: Millis): boolean {
    const key = `${login}\n${addressKey}\n${password}`;
    const last = this.#passwords.get(key);
    this.#passwords.set(key, Math.max(time, last ?? time));
    this.#passwords.trim(MOST);
    return last !== undefined && Math.abs(time - last) < period;
  }

  /** We have refused an attempt ourselves; the server will tell of it as of a failure. */
  refused(login: string, address: Address, now: Millis): void {
    const key = `${login}\n${address}`;
    const times = (this.#refusals.get(key) ?? []).filter((time) => now - time < ECHO_WITHIN);
    if (times.length < MOST_FAILURES) times.push(now);
    this.#refusals.set(key, times);
    this.#refusals.trim(MOST);
  }

  /** Whether a failure is such a refusal that came back; each is taken once. */
  takeRefusal(login: string, address: Address, time: Millis): boolean {
    if (this.#refusals.size === 0) return false;
    const times = this.#refusals.get(`${login}\n${address}`);
    const index = times?.findIndex((refused) => Math.abs(time - refused) < ECHO_WITHIN) ?? -1;
    if (times === undefined || index < 0) return false;
    times.splice(index, 1);
    return true;
  }

  #isRecent(last: Millis | null, now: Millis): boolean {
    const { memory } = this.#settings.knownGood;
    return memory !== null && last !== null && now - last < memory;
  }
}
