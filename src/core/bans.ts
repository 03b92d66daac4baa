/** The book of bans: which are in force, which were, and so how often a subject has offended. Pure bookkeeping. */
import { type Address, contains, type Network, networkBase, networkLength } from './ip.ts';
import { NetworkMap } from './networks.ts';
import { networkSubject, subjectKey, subjectNetwork } from './subject.ts';
import type { Ban, Millis, Subject } from './types.ts';

/** How many ended bans are remembered, besides those in force: for repeat offenders, and for lines that are read late. */
const MAX_ENDED = 200_000;

export class BanBook {
  readonly #active = new Map<string, Ban>();
  /** The last ban of each subject that has none in force, oldest end first. */
  readonly #ended = new Map<string, Ban>();
  /** The networks among both, in which an address is not found by its own key. */
  readonly #networks = new NetworkMap<string>();
  readonly #maxEnded: number;

  constructor(maxEnded = MAX_ENDED) {
    this.#maxEnded = maxEnded;
  }

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

  /** Takes the place of an earlier ban of the same subject. */
  add(ban: Ban, now: Millis): void {
    const key = subjectKey(ban.subject);
    this.#active.delete(key);
    this.#ended.delete(key);
    if (ban.subject.type === 'network') this.#networks.set(ban.subject.network, key);
    if (ban.until !== null && ban.until <= now) this.#retire(key, ban);
    else this.#active.set(key, ban);
  }

  /**
   * Takes a ban out of force; it is no offence any more. What happened before `now` stays covered by it, so that lines
   * that are read late do not count against somebody who has been let out. Undefined where none is in force.
   */
  remove(subject: Subject, now: Millis): Ban | undefined {
    const key = subjectKey(subject);
    const ban = this.#active.get(key);
    if (ban === undefined) return undefined;
    this.#active.delete(key);
    const isOver = ban.until !== null && ban.until <= now;
    this.#retire(key, isOver ? ban : { ...ban, until: now, offence: 0 });
    return isOver ? undefined : ban;
  }

  /** Ends what is over; the ended bans still count as offences. */
  expire(now: Millis): Ban[] {
    const over: Ban[] = [];
    for (const [key, ban] of this.#active) {
      if (ban.until === null || ban.until > now) continue;
      over.push(ban);
      this.#active.delete(key);
      this.#retire(key, ban);
    }
    return over;
  }

  /** The last bans of all networks that the address lies in, in force or not, the smallest network first. */
  *ofNetworks(address: Address): Generator<Ban> {
    if (this.#networks.size === 0) return;
    for (const network of this.#networks.containing(address)) {
      const ban = this.last(network);
      if (ban !== undefined) yield ban;
    }
  }

  /** The bans in force of a network and of those around it, the smallest first. */
  around(network: Network): Ban[] {
    const isAround = ({ subject }: Ban): boolean =>
      subject.type === 'network' && networkLength(subject.network) < networkLength(network);
    const own = this.get(subjectKey(networkSubject(network)));
    const wider = [...this.ofNetworks(networkBase(network))].filter(
      (ban) => isAround(ban) && this.get(subjectKey(ban.subject)) === ban,
    );
    return own === undefined ? wider : [own, ...wider];
  }

  /** The bans in force that lie wholly within the network, itself included. */
  within(network: Network): Ban[] {
    const length = networkLength(network);
    return [...this.#active.values()].filter((ban) => {
      const own = subjectNetwork(ban.subject);
      return own !== null && networkLength(own) >= length && contains(network, networkBase(own));
    });
  }

  #retire(key: string, ban: Ban): void {
    this.#ended.delete(key);
    this.#ended.set(key, ban);
    if (this.#ended.size <= this.#maxEnded) return;
    for (const [oldest, { subject }] of this.#ended) {
      this.#ended.delete(oldest);
      if (subject.type === 'network') this.#networks.delete(subject.network);
      break;
    }
  }
}
