/**
 * Banned addresses and locked logins as lookup tables of Postfix: socketmap_table(5). Requests and answers are netstrings
 * (https://cr.yp.to/proto/netstrings.txt); a request is the name of a map, a blank and a key.
 */
import { parseAddress } from '../core/ip.ts';
import type { Question } from '../core/verdict.ts';
import type { Place } from './place.ts';
import { type Refusal, refusalAction } from './refusal.ts';
import { BadRequest, type Protocol, requestServer } from './request-server.ts';
import type { Gate, Gatekeeper } from './types.ts';

export interface SocketmapOptions extends Refusal {
  readonly place: Place;
  readonly gatekeeper: Pick<Gatekeeper, 'ask'>;
}

export function socketmap(options: SocketmapOptions): Gate {
  return requestServer({
    name: 'Postfix socketmap',
    place: options.place,
    setting: 'postfix.socketmap.listen',
    group: 'postfix',
    protocol: socketmapProtocol(options.gatekeeper, options),
  });
}

/** Five digits and a colon. */
const LONGEST_HEAD = 6;
const COMMA = 44;

export function socketmapProtocol(gatekeeper: Pick<Gatekeeper, 'ask'>, refusal: Refusal): Protocol {
  const found = `OK ${refusalAction(refusal)}`;
  return (received) => {
    const content = netstring(received);
    if (content === null) return null;
    return { length: content.end, answer: toNetstring(answer(content.text, gatekeeper, found)) };
  };
}

function answer(request: string, gatekeeper: Pick<Gatekeeper, 'ask'>, found: string): string {
  const blank = request.indexOf(' ');
  const map = request.slice(0, Math.max(blank, 0));
  const question = questionOf(map, request.slice(blank + 1));
  if (question === null) return 'PERM there are only the maps "client" and "sasl"';
  return gatekeeper.ask(question).type === 'refuse' ? found : 'NOTFOUND ';
}

/** What a key of a map asks, null where there is no such map. Postfix looks a client up by its name too, which is none. */
function questionOf(map: string, key: string): Question | null {
  if (map === 'client') return { ip: parseAddress(key), login: null };
  return map === 'sasl' ? { ip: null, login: key } : null;
}

/** The netstring that the bytes begin with, null while it is not whole. @throws BadRequest */
function netstring(received: Buffer): { text: string; end: number } | null {
  const head = /^(0|[1-9]\d{0,4})(:|$)/.exec(received.toString('latin1', 0, LONGEST_HEAD));
  if (head === null) throw new BadRequest('This is no netstring');
  const [{ length: start }, digits, colon] = head;
  const end = start + Number(digits);
  if (colon === '' || received.length <= end) return null;
  if (received[end] !== COMMA) throw new BadRequest('This netstring does not end where it says');
  return { text: received.toString('utf8', start, end), end: end + 1 };
}

function toNetstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}
