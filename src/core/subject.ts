/** Subjects and their one spelling as text: `192.0.2.1`, `2001:db8::/64`, `login:alice@example.org`. */
import { type Address, addressWidth, type Network, networkBase, networkLength, networkOf, parseNetwork } from './ip.ts';
import type { Subject } from './types.ts';

const LOGIN = 'login:';

/** The key under which a subject is stored, compared and shown. */
export function subjectKey(subject: Subject): string {
  switch (subject.type) {
    case 'address':
      return subject.address;
    case 'network':
      return subject.network;
    case 'login':
      return LOGIN + subject.login;
  }
}

/** The inverse of `subjectKey`; also reads what an admin types. Null where the text is no address, network or login. */
export function parseSubject(text: string): Subject | null {
  if (text.startsWith(LOGIN)) {
    const login = normalLogin(text.slice(LOGIN.length));
    return login === '' ? null : { type: 'login', login };
  }
  const network = parseNetwork(text);
  return network === null ? null : networkSubject(network);
}

/** A network of one address is that address. */
export function networkSubject(network: Network): Subject {
  const base = networkBase(network);
  return networkLength(network) === addressWidth(base)
    ? { type: 'address', address: base }
    : { type: 'network', network };
}

/** The subject that an address counts as: itself, or for IPv6 the network of `ipv6Prefix` bits around it. */
export function subjectOf(address: Address, ipv6Prefix: number): Subject {
  if (addressWidth(address) === 32 || ipv6Prefix === 128) return { type: 'address', address };
  return { type: 'network', network: networkOf(address, ipv6Prefix) };
}

/** The networks that a subject covers; none for a login. */
export function subjectNetwork(subject: Subject): Network | null {
  if (subject.type === 'network') return subject.network;
  if (subject.type === 'address') return parseNetwork(subject.address);
  return null;
}

/**
 * Login names are compared without regard to case and surrounding white space. Half a surrogate pair, which JSON can
 * carry and UTF-8 cannot, becomes U+FFFD here, so that a login is the same before and after it was stored.
 */
export function normalLogin(login: string): string {
  return login.trim().toLowerCase().toWellFormed();
}
