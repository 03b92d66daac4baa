/**
 * Where a ban sits in the firewall. Every prefix length in use has a set of its own, keyed by the masked address:
 * `address4`, `address6`, `network4_24`, `network6_64`. So nested and overlapping networks never meet, each keeps its
 * own end, and every set is a plain hash (one insert into a set with `flags interval` takes seconds once it is large).
 */
import {
  type Address,
  addressWidth,
  type Network,
  networkBase,
  networkLength,
  networkOf,
  parseAddress,
  parseNetwork,
} from '../../core/ip.ts';
import { networkSubject, subjectKey, subjectNetwork } from '../../core/subject.ts';
import type { Subject } from '../../core/types.ts';

/** All subjects of one address family and prefix length: one set and its rule. */
export interface Shape {
  readonly family: 4 | 6;
  readonly length: number;
}

/** One element of one set. `base` is the subject's first address. */
export interface Slot extends Shape {
  readonly base: Address;
}

/**
 * The slot of an address or network. The text is parsed once more, so whatever a caller forged, only the canonical
 * spelling of an address can come out and reach a ruleset.
 * @throws TypeError for a login, and for a subject whose text is no address.
 */
export function slotOf(subject: Subject): Slot {
  // Nearly all are addresses, and a start may bring a hundred thousand.
  const address = subject.type === 'address' ? parseAddress(subject.address) : null;
  if (address !== null) return { family: familyOf(address), length: addressWidth(address), base: address };
  const network = subjectNetwork(subject);
  const parsed = network === null ? null : parseNetwork(network);
  if (parsed === null) {
    throw new TypeError(
      `Cannot put ${JSON.stringify(subjectKey(subject))} into a firewall: it is no address or network`,
    );
  }
  const base = networkBase(parsed);
  return { family: familyOf(base), length: networkLength(parsed), base };
}

/** The slot that an address would fall into among those of this shape; null where it is of the other family. */
export function slotAround(address: Address, shape: Shape): Slot | null {
  const family = familyOf(address);
  if (family !== shape.family) return null;
  return { family, length: shape.length, base: networkBase(networkOf(address, shape.length)) };
}

/** The name of the set. */
export function setName(shape: Shape): string {
  if (isSingle(shape)) return shape.family === 4 ? 'address4' : 'address6';
  return `network${shape.family}_${shape.length}`;
}

/** The inverse of `setName`; null for a name that is not ours. */
export function shapeOf(name: string): Shape | null {
  const [, kind, digit, bits] = /^(address|network)([46])(?:_(\d{1,3}))?$/.exec(name) ?? [];
  if (kind === undefined || (kind === 'address') !== (bits === undefined)) return null;
  const family = digit === '4' ? 4 : 6;
  const length = bits === undefined ? widthOf(family) : Number(bits);
  return length <= widthOf(family) ? { family, length } : null;
}

/** The subject at an element of a set; null where the text is no address of that family. */
export function subjectAt(shape: Shape, text: string): Subject | null {
  const base = parseAddress(text);
  return base === null || familyOf(base) !== shape.family ? null : networkSubject(networkOf(base, shape.length));
}

/** Whether the shape holds single addresses. */
export function isSingle(shape: Shape): boolean {
  return shape.length === widthOf(shape.family);
}

/** The mask of a shape, written as an address: `255.255.255.0`, `ffff:ffff:ffff:ffff::`. */
export function maskOf(shape: Shape): string {
  const all = (shape.family === 4 ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff') as Address;
  const masked: Network = networkOf(all, shape.length);
  return networkBase(masked);
}

function familyOf(address: Address): 4 | 6 {
  return addressWidth(address) === 32 ? 4 : 6;
}

function widthOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}
