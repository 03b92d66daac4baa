/** The book of bans: which are in force, which were, and so how often a subject has offended. Pure bookkeeping. */
import { type Address, type Network, networkLength } from './ip.ts';
import { NetworkMap } from './networks.ts';
import { subjectKey, subjectNetwork } from './subject.ts';
import type { Ban, Millis, Subject } from './types.ts';

/** How many ended bans are remembered for repeat offenders, besides those in force. */
const MAX_ENDED = 200_000;

export class BanBook {
  readonly #active = new Map<string, Ban>();
  /** The last ban of each subject that has none in force, oldest end first. */
  readonly #ended = new Map<string, Ban>();
  /** Bans of networks, which an address is not found in by its own key. */
  readonly #networks = new NetworkMap<string>();

  get size(): number {
    return this.#active.size;
  }

  active(): IterableIterator<Ban> {
    return this.#active.values();
  }

  get(key: string): Ban | undefined {
    return this.#active.get(key);
  }

  /** The last ban of a subject, in force or not. */
  last(key: string): Ban | undefined {
    return this.#active.get(key) ?? this.#ended.get(key);
  }

  add(ban: Ban, now: Millis): void {
    const key = subjectKey(ban.subject);
    this.#ended.delete(key);
    if (ban.until !== null && ban.until <= now) {
      this.#retire(key, ban);
      return;
    }
    this.#active.set(key, ban);
    if (ban.subject.type === 'network') this.#networks.set(ban.subject.network, key);
  }

  /**
   * Takes a ban out of force; it is no offence any more. What happened before `now` stays covered by it, so that lines
   * that are read late do not count against somebody who has been let out.
   */
  remove(subject: Subject, now: Millis): Ban | undefined {
    const key = subjectKey(subject);
    const ban = this.#active.get(key);
    this.#drop(key, subject);
    this.#ended.delete(key);
    if (ban !== undefined) this.#retire(key, { ...ban, until: now, offence: 0 });
    return ban;
  }

  /** Ends what is over; the ended bans still count as offences. */
  expire(now: Millis): Ban[] {
    const over: Ban[] = [];
    for (const [key, ban] of this.#active) {
      if (ban.until === null || ban.until > now) continue;
      over.push(ban);
      this.#drop(key, ban.subject);
      this.#retire(key, ban);
    }
    return over;
  }

  /** The ban of a network that the address lies in. */
  covering(address: Address): Ban | undefined {
    if (this.#networks.size === 0) return undefined;
    const network = this.#networks.find(address);
    const key = network === null ? undefined : this.#networks.get(network);
    return key === undefined ? undefined : this.#active.get(key);
  }

  /** The bans in force that lie wholly within the network, itself included. */
  within(network: Network): Ban[] {
    const length = networkLength(network);
    const area = new NetworkMap<true>();
    area.set(network, true);
    return [...this.#active.values()].filter((ban) => {
      const own = subjectNetwork(ban.subject);
      if (own === null || networkLength(own) < length) return false;
      return area.find(own.slice(0, own.indexOf('/')) as Address) !== null;
    });
  }

  #drop(key: string, subject: Subject): void {
    if (!this.#active.delete(key)) return;
    if (subject.type === 'network') this.#networks.delete(subject.network);
  }

  #retire(key: string, ban: Ban): void {
    this.#ended.delete(key);
    this.#ended.set(key, ban);
    if (this.#ended.size <= MAX_ENDED) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      break;
    }
  }
}
