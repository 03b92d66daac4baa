/**
 * Who asked, where a proxy asks for somebody: RFC 7239 `Forwarded` and the older `X-Forwarded-For`.
 *
 * Each proxy appends the address of whoever asked it, so only the right end of such a header is known to be true, and only
 * as far as each writer is trusted. So the text is read from its end: nothing that a client sends, such as an open quotation
 * mark, can change how the entries behind it are read.
 */
import { type Address, parseAddress } from './ip.ts';
import type { ForwardingHeader, ForwardingHeaders } from './types.ts';

export interface Client {
  readonly address: Address;
  /** The address is known from a header only: no connection of this host comes from it. */
  readonly behindProxy: boolean;
}

/** No header of an honest request is longer (web servers take 8 kB a line). */
const LONGEST_HEADER = 16_384;
const MOST_HOPS = 64;

/** RFC 7239 section 6: the port of a node may be hidden. */
const PORT = '(?::(?:\\d{1,5}|_[A-Za-z0-9._-]{1,64}))?';
const IPV6 = '[0-9A-Fa-f:.]{2,45}';
/** A port behind IPv6 needs the brackets, for nobody could tell it from the last group. */
const NODE = new RegExp(`^(?:\\[(${IPV6})\\]${PORT}|(\\d{1,3}(?:\\.\\d{1,3}){3})${PORT}|(${IPV6}))$`);

/**
 * The address of whoever asked: from the peer to the left, the first that is not a trusted proxy's. Where that ends without
 * one, because an entry names nobody (`unknown`, `_hidden`, empty, garbage), is missing, or is cut, it is the last trusted
 * proxy: who is behind it cannot be known, and nobody who was not named by a trusted proxy may be blamed. A result that
 * `isTrusted` therefore means that the client is not known.
 *
 * `written` is the header that the proxies write. They pass on the other one as the client sent it, so it is not read.
 */
export function clientAddress(
  peer: Address,
  { forwarded, xForwardedFor }: ForwardingHeaders,
  isTrusted: (address: Address) => boolean,
  written: ForwardingHeader,
): Client {
  const header = written === 'forwarded' ? forwarded : xForwardedFor;
  if (header === undefined || !isTrusted(peer)) return { address: peer, behindProxy: false };
  const isStandard = written === 'forwarded';
  const address = walk(peer, entriesFromRight(header, isStandard), isStandard ? nodeOfElement : parseNode, isTrusted);
  return { address, behindProxy: address !== peer };
}

function walk(
  peer: Address,
  entries: Iterable<string>,
  read: (entry: string) => Address | null,
  isTrusted: (address: Address) => boolean,
): Address {
  let proxy = peer;
  let hops = 0;
  for (const entry of entries) {
    const address = ++hops > MOST_HOPS ? null : read(entry);
    if (address === null) return proxy;
    if (!isTrusted(address)) return address;
    proxy = address;
  }
  return proxy;
}

/** What stands between commas, from the last to the first; a piece that is cut at the left is left out. */
function* entriesFromRight(header: string, quotes: boolean): Generator<string> {
  const text = header.slice(-LONGEST_HEADER);
  yield* splitFromRight(text, ',', quotes, text.length === header.length);
}

/**
 * Parts a text at a separator outside of quoted strings, from right to left. A quotation mark behind an odd number of
 * backslashes belongs to its string (RFC 9110 section 5.6.4).
 */
function* splitFromRight(text: string, separator: string, quotes: boolean, whole = true): Generator<string> {
  let end = text.length;
  let quoted = false;
  for (let at = end - 1; at >= 0; at--) {
    if (quotes && text[at] === '"' && !(quoted && isEscaped(text, at))) quoted = !quoted;
    else if (!quoted && text[at] === separator) {
      yield text.slice(at + 1, end);
      end = at;
    }
  }
  if (whole) yield text.slice(0, end);
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === '\\') slashes++;
  return slashes % 2 === 1;
}

/** The `for` of one element of `Forwarded`; null where it has none, or more than one (RFC 7239 section 4). */
function nodeOfElement(element: string): Address | null {
  let node: string | null = null;
  for (const pair of splitFromRight(element, ';', true)) {
    const value = /^\s*for=(.*)$/is.exec(pair)?.[1];
    if (value === undefined) continue;
    if (node !== null) return null;
    node = value.trim();
  }
  return node === null ? null : parseNode(unquote(node));
}

function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1).replace(/\\(.)/gs, '$1')
    : value;
}

/** An address, in brackets or not, with or without a port; null for `unknown`, hidden names and garbage. */
function parseNode(text: string): Address | null {
  const [, bracketed, ipv4, bare] = NODE.exec(text.trim()) ?? [];
  const address = bracketed ?? ipv4 ?? bare;
  return address === undefined ? null : parseAddress(address);
}
