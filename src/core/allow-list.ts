/** The networks that are never banned, each with the reason why. */
import { type Address, type Network, networkBase, overlaps } from './ip.ts';
import { NetworkMap } from './networks.ts';
import { subjectNetwork } from './subject.ts';
import type { Subject } from './types.ts';

export class AllowList {
  readonly #networks = new NetworkMap<string>();

  constructor(networks: Iterable<readonly [Network, string]> = []) {
    for (const [network, why] of networks) this.#networks.set(network, why);
  }

  get size(): number {
    return this.#networks.size;
  }

  /** What stands on this list and not on the other one. */
  without(other: AllowList): AllowList {
    return new AllowList(
      [...this.#networks.entries()].filter(([network]) => other.#networks.get(network) === undefined),
    );
  }

  /** Why an address is allowed, or null. */
  why(address: Address): string | null {
    return this.#say(this.#networks.find(address));
  }

  /** Why a ban of this subject would hit somebody who is allowed, or null. */
  whyWithin(subject: Subject): string | null {
    const network = subjectNetwork(subject);
    if (network === null) return null;
    const around = this.#networks.find(networkBase(network));
    if (around !== null || subject.type === 'address') return this.#say(around);
    for (const [allowed] of this.#networks.entries()) {
      if (overlaps(allowed, network)) return this.#say(allowed);
    }
    return null;
  }

  #say(network: Network | null): string | null {
    return network === null ? null : `${this.#networks.get(network)} (${network})`;
  }
}
