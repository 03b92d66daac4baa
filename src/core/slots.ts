/**
 * What runs at this moment: a slot is taken when a request begins and given back when it ends, or when its lease is over,
 * so that nothing leaks where the end is never told. Bounded; no clock.
 */
import { RecentMap } from './recent.ts';
import type { Millis } from './types.ts';

export interface Slot {
  /** What the web server calls the request; null where it does not say. */
  readonly id: string | null;
  /** Where the request comes from. */
  readonly from: string;
  /** The login that the log may name it by; null where it has none. */
  readonly login: string | null;
  /** What is limited: each holds one slot more. */
  readonly counted: readonly string[];
  readonly since: Millis;
}

/** So many requests may run at once in all; the oldest are taken to have ended beyond it. */
const MOST = 100_000;
/** When so many have begun without that any has ended, nobody tells of ends: the log is not read, or cannot be written. */
const BLIND_AFTER = 32;
/** So many of one origin are looked through for the one that a log means. */
const MOST_LOOKED_AT = 64;

export class Slots {
  /** How long a slot is held where nobody tells of its end. */
  lease: Millis;
  /** In the order in which they were taken. */
  readonly #slots = new RecentMap<Slot, null>();
  readonly #byId = new Map<string, Slot>();
  readonly #byOrigin = new Map<string, Set<Slot>>();
  readonly #counts = new Map<string, number>();
  /** How many were taken since the last was given back by word of its end. */
  #untold = 0;

  constructor(lease: Millis) {
    this.lease = lease;
  }

  /** Ends are not told, so that what runs is not known: nobody may be refused for it. */
  get isBlind(): boolean {
    return this.#untold >= BLIND_AFTER;
  }

  get size(): number {
    return this.#slots.size;
  }

  take(slot: Slot): void {
    if (this.#slots.size >= MOST) this.#removeOldest();
    this.#slots.set(slot, null);
    if (slot.counted.length > 0) this.#untold++;
    // An id that is in use already may have been chosen by a client: the first one keeps it.
    if (slot.id !== null && !this.#byId.has(slot.id)) this.#byId.set(slot.id, slot);
    const others = this.#byOrigin.get(slot.from);
    if (others === undefined) this.#byOrigin.set(slot.from, new Set([slot]));
    else others.add(slot);
    for (const key of slot.counted) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Whether a request of that id runs. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** How many run. */
  running(key: string, now: Millis): number {
    if ((this.#counts.get(key) ?? 0) > 0) this.expire(now);
    return this.#counts.get(key) ?? 0;
  }

  /**
   * A request has ended: by its id, or where there is none the oldest of the same origin, with the same login if possible.
   * False where none is known.
   */
  end({ id, from, login }: { id: string | null; from: string | null; login: string | null }): boolean {
    const named = id === null ? undefined : this.#byId.get(id);
    const slot = named ?? (from === null ? undefined : this.#oldestOf(from, login, id));
    if (slot === undefined) return false;
    this.#untold = 0;
    this.#remove(slot);
    return true;
  }

  /** Gives back what is over its lease; also what is further ahead than that, because the clock was set back. */
  expire(now: Millis): void {
    for (const [slot] of this.#slots.entries()) {
      if (Math.abs(now - slot.since) < this.lease) return;
      if (slot.counted.length > 0) this.#untold = BLIND_AFTER;
      this.#remove(slot);
    }
  }

  /** What has slots, and how many. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  #oldestOf(from: string, login: string | null, id: string | null): Slot | undefined {
    let oldest: Slot | undefined;
    let seen = 0;
    for (const slot of this.#byOrigin.get(from) ?? []) {
      if (++seen > MOST_LOOKED_AT) break;
      if (id !== null && slot.id !== null) continue;
      if (slot.login === login) return slot;
      oldest ??= slot;
    }
    return oldest;
  }

  #removeOldest(): void {
    const { oldest } = this.#slots;
    if (oldest !== undefined) this.#remove(oldest);
  }

  #remove(slot: Slot): void {
    this.#slots.delete(slot);
    if (slot.id !== null && this.#byId.get(slot.id) === slot) this.#byId.delete(slot.id);
    const others = this.#byOrigin.get(slot.from);
    others?.delete(slot);
    if (others?.size === 0) this.#byOrigin.delete(slot.from);
    for (const key of slot.counted) {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    }
  }
}
