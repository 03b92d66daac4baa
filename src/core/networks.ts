/** A set of networks with something to say about each, and a fast answer to which of them an address lies in. */
import { type Address, addressWidth, type Network, networkBase, networkLength, networkOf } from './ip.ts';
import { Memo } from './memo.ts';

const CACHE_SIZE = 8192;

export class NetworkMap<Value> {
  readonly #entries = new Map<Network, Value>();
  /** IPv4 networks by length, then by number, because every failure of every attacker is looked up here. */
  readonly #v4 = new Map<number, Map<number, Network>>();
  /** The lengths that there are or were, the longest first. */
  #v4Lengths: readonly number[] = [];
  #v6Lengths: readonly number[] = [];
  /** The networks around IPv6 addresses, which take long to work out. */
  #v6Around = this.#newMemo();

  get size(): number {
    return this.#entries.size;
  }

  set(network: Network, value: Value): void {
    this.#entries.set(network, value);
    const base = networkBase(network);
    const length = networkLength(network);
    if (addressWidth(base) === 128) {
      this.#v6Lengths = withLength(this.#v6Lengths, length);
      this.#v6Around = this.#newMemo();
    } else {
      const networks = this.#v4.get(length) ?? new Map<number, Network>();
      this.#v4.set(length, networks.set(ipv4Number(base), network));
      this.#v4Lengths = withLength(this.#v4Lengths, length);
    }
  }

  delete(network: Network): boolean {
    if (!this.#entries.delete(network)) return false;
    const base = networkBase(network);
    if (addressWidth(base) === 32) this.#v4.get(networkLength(network))?.delete(ipv4Number(base));
    else this.#v6Around = this.#newMemo();
    return true;
  }

  get(network: Network): Value | undefined {
    return this.#entries.get(network);
  }

  entries(): IterableIterator<[Network, Value]> {
    return this.#entries.entries();
  }

  /** The smallest network of the set that the address lies in, or null. */
  find(address: Address): Network | null {
    if (addressWidth(address) === 32) return this.#findV4(address);
    return this.#v6Around.of(address)[0] ?? null;
  }

  /** Numbers are found faster than any cache answers. */
  #findV4(address: Address): Network | null {
    const value = ipv4Number(address);
    for (const length of this.#v4Lengths) {
      const network = this.#v4.get(length)?.get((value & mask(length)) >>> 0);
      if (network !== undefined) return network;
    }
    return null;
  }

  /** All networks of the set that the address lies in, the smallest first. */
  *containing(address: Address): Generator<Network> {
    if (addressWidth(address) === 32) {
      const value = ipv4Number(address);
      for (const length of this.#v4Lengths) {
        const network = this.#v4.get(length)?.get((value & mask(length)) >>> 0);
        if (network !== undefined) yield network;
      }
      return;
    }
    yield* this.#v6Around.of(address);
  }

  #newMemo(): Memo<readonly Network[]> {
    return new Memo(
      (address) =>
        this.#v6Lengths
          .map((length) => networkOf(address as Address, length))
          .filter((network) => this.#entries.has(network)),
      CACHE_SIZE,
    );
  }
}

function withLength(lengths: readonly number[], length: number): readonly number[] {
  return lengths.includes(length) ? lengths : [...lengths, length].sort((a, b) => b - a);
}

function mask(length: number): number {
  return length === 0 ? 0 : -1 << (32 - length);
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
