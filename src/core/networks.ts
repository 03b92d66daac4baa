/** A set of networks with something to say about each, and a fast answer to which of them an address lies in. */
import { type Address, addressWidth, contains, type Network, networkBase, networkLength, networkOf } from './ip.ts';

const CACHE_SIZE = 8192;

export class NetworkMap<Value> {
  readonly #entries = new Map<Network, Value>();
  /** Longest prefix first. IPv4 is looked up by number, because every failure of every attacker passes here. */
  #v4: readonly { readonly mask: number; readonly networks: ReadonlyMap<number, Network> }[] = [];
  #v6Lengths: readonly number[] = [];
  readonly #cache = new Map<Address, Network | null>();

  get size(): number {
    return this.#entries.size;
  }

  set(network: Network, value: Value): void {
    this.#entries.set(network, value);
    this.#refresh();
  }

  delete(network: Network): boolean {
    const had = this.#entries.delete(network);
    if (had) this.#refresh();
    return had;
  }

  get(network: Network): Value | undefined {
    return this.#entries.get(network);
  }

  entries(): IterableIterator<[Network, Value]> {
    return this.#entries.entries();
  }

  /** The smallest network of the set that the address lies in, or null. */
  find(address: Address): Network | null {
    const cached = this.#cache.get(address);
    if (cached !== undefined) return cached;
    const found = this.#search(address);
    if (this.#cache.size >= CACHE_SIZE) this.#cache.clear();
    this.#cache.set(address, found);
    return found;
  }

  /** The networks of the set that lie wholly in the given one, itself included. */
  within(network: Network): Network[] {
    const length = networkLength(network);
    return [...this.#entries.keys()].filter(
      (other) => networkLength(other) >= length && contains(network, networkBase(other)),
    );
  }

  #search(address: Address): Network | null {
    if (addressWidth(address) === 32) {
      const value = ipv4Number(address);
      for (const { mask, networks } of this.#v4) {
        const network = networks.get((value & mask) >>> 0);
        if (network !== undefined) return network;
      }
      return null;
    }
    for (const length of this.#v6Lengths) {
      const network = networkOf(address, length);
      if (this.#entries.has(network)) return network;
    }
    return null;
  }

  #refresh(): void {
    this.#cache.clear();
    const v4 = new Map<number, Map<number, Network>>();
    const v6 = new Set<number>();
    for (const network of this.#entries.keys()) {
      const base = networkBase(network);
      const length = networkLength(network);
      if (addressWidth(base) === 128) {
        v6.add(length);
        continue;
      }
      const networks = v4.get(length) ?? new Map<number, Network>();
      networks.set(ipv4Number(base), network);
      v4.set(length, networks);
    }
    this.#v4 = [...v4]
      .sort(([a], [b]) => b - a)
      .map(([length, networks]) => ({ mask: length === 0 ? 0 : (-1 << (32 - length)) >>> 0, networks }));
    this.#v6Lengths = [...v6].sort((a, b) => b - a);
  }
}

function ipv4Number(address: Address): number {
  let value = 0;
  let part = 0;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code === 46) {
      value = value * 256 + part;
      part = 0;
    } else {
      part = part * 10 + code - 48;
    }
  }
  return value * 256 + part;
}
