/**
 * Addresses and networks: parsing, one canonical spelling, prefixes and containment. Only `parseAddress` and
 * `parseNetwork` make the branded types, so whoever holds an `Address` holds a valid one in canonical form
 * (RFC 5952; IPv4-mapped IPv6 addresses become plain IPv4).
 */

declare const addressBrand: unique symbol;
declare const networkBrand: unique symbol;

/** A canonical IPv4 or IPv6 address. */
export type Address = string & { readonly [addressBrand]: true };
/** A canonical `address/length` with all host bits zero. */
export type Network = string & { readonly [networkBrand]: true };

const COLON = 58;
const DOT = 46;

/** Reads an address in any usual spelling; null where the text is none. Zones (`%eth0`) and ports are not accepted. */
export function parseAddress(text: string): Address | null {
  const length = text.length;
  if (length < 2 || length > 45) return null;
  if (text.indexOf(':') < 0) return isIPv4(text) ? (text as Address) : null;
  const groups = parseGroups(text);
  if (groups === null) return null;
  return canonical(groups) as Address;
}

/** Reads `address/length`; a bare address is the network of that one address. Null where the text is neither. */
export function parseNetwork(text: string): Network | null {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const width = addressWidth(address);
  if (slash < 0) return `${address}/${width}` as Network;
  const digits = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits)) return null;
  let length = Number(digits);
  if (width === 32 && text.indexOf(':') >= 0) length -= 96;
  if (length < 0 || length > width) return null;
  return networkOf(address, length);
}

/**
 * The network of `length` bits that the address lies in.
 * @throws RangeError where an address of that family has no prefix of that length.
 */
export function networkOf(address: Address, length: number): Network {
  const width = addressWidth(address);
  if (!Number.isInteger(length) || length < 0 || length > width)
    throw new RangeError(`No network of ${length} bits can be made around ${address}, expected 0 to ${width}`);
  if (length === width) return `${address}/${width}` as Network;
  const groups = toGroups(address);
  const bits = width / groups.length;
  const masked = groups.map((group, index) => {
    const keep = Math.min(Math.max(length - index * bits, 0), bits);
    return group & (2 ** bits - 2 ** (bits - keep));
  });
  return `${width === 32 ? masked.join('.') : canonical(masked)}/${length}` as Network;
}

/** 32 or 128. */
export function addressWidth(address: Address): 32 | 128 {
  return address.indexOf(':') < 0 ? 32 : 128;
}

/** The first address of a network. */
export function networkBase(network: Network): Address {
  return network.slice(0, network.indexOf('/')) as Address;
}

/** The prefix length of a network in bits. */
export function networkLength(network: Network): number {
  return Number(network.slice(network.indexOf('/') + 1));
}

/** Whether the address lies in the network. */
export function contains(network: Network, address: Address): boolean {
  const length = networkLength(network);
  return addressWidth(networkBase(network)) === addressWidth(address) && networkOf(address, length) === network;
}

/** Whether two networks share an address. */
export function overlaps(one: Network, other: Network): boolean {
  return networkLength(one) <= networkLength(other)
    ? contains(one, networkBase(other))
    : contains(other, networkBase(one));
}

/** The address as bytes or 16-bit groups: four numbers for IPv4, eight for IPv6. */
export function toGroups(address: Address): number[] {
  if (addressWidth(address) === 32) return address.split('.').map(Number);
  return parseGroups(address) ?? [];
}

/** Strict dotted quad, no leading zeros (they would be octal to some readers). */
function isIPv4(text: string): boolean {
  let value = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (value < 0 || ++dots > 3) return false;
      value = -1;
    } else {
      const digit = code - 48;
      if (digit < 0 || digit > 9 || value === 0) return false;
      value = value < 0 ? digit : value * 10 + digit;
      if (value > 255) return false;
    }
  }
  return dots === 3 && value >= 0;
}

/** The eight groups of an IPv6 address (RFC 4291 section 2.2), or null. */
function parseGroups(text: string): number[] | null {
  const groups: number[] = [];
  let gap = -1;
  let i = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return null;
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    if (groups.length === 8) return null;
    const start = i;
    let value = 0;
    for (; i < text.length; i++) {
      const digit = hexDigit(text.charCodeAt(i));
      if (digit < 0) break;
      value = value * 16 + digit;
      if (i - start > 3) return null;
    }
    if (i < text.length && text.charCodeAt(i) === DOT) {
      const quad = text.slice(start);
      if (groups.length > 6 || !isIPv4(quad)) return null;
      const [a = 0, b = 0, c = 0, d = 0] = quad.split('.').map(Number);
      groups.push(a * 256 + b, c * 256 + d);
      i = text.length;
      break;
    }
    if (i === start) return null;
    groups.push(value);
    if (i === text.length) break;
    if (text.charCodeAt(i) !== COLON) return null;
    i++;
    if (i === text.length) return null;
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return null;
      gap = groups.length;
      i++;
    }
  }
  if (gap < 0) return groups.length === 8 ? groups : null;
  if (groups.length > 7) return null;
  const zeros = new Array<number>(8 - groups.length).fill(0);
  return [...groups.slice(0, gap), ...zeros, ...groups.slice(gap)];
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::`, mapped IPv4 as IPv4. */
function canonical(groups: readonly number[]): string {
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    const [high = 0, low = 0] = groups.slice(6);
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > bestLength) {
      best = i;
      bestLength = end - i;
    }
    if (end > i) i = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (best < 0) return hex.join(':');
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`;
}
