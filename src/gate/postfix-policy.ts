/**
 * Postfix's policy service: SMTPD_POLICY_README of Postfix, "Protocol description". A request is lines of `name=value` and
 * an empty line; the answer is an action of access(5). Refuses banned addresses and, once a client has logged in, locked
 * logins. A refusal leaves no failed login in Postfix's log, so there is none that must not count.
 */
import { parseAddress } from '../core/ip.ts';
import type { Place } from './place.ts';
import { type Refusal, refusalAction } from './refusal.ts';
import { BadRequest, type Protocol, requestServer } from './request-server.ts';
import type { Gate, Gatekeeper } from './types.ts';

export interface PostfixPolicyOptions extends Refusal {
  readonly place: Place;
  readonly gatekeeper: Pick<Gatekeeper, 'ask'>;
}

export function postfixPolicy(options: PostfixPolicyOptions): Gate {
  return requestServer({
    name: 'Postfix policy service',
    place: options.place,
    setting: 'postfix.policy.listen',
    group: 'postfix',
    protocol: policyProtocol(options.gatekeeper, options),
  });
}

/** "The server has no opinion": the next restriction decides. */
const NO_OPINION = 'DUNNO';
const END = '\n\n';

export function policyProtocol(gatekeeper: Pick<Gatekeeper, 'ask'>, refusal: Refusal): Protocol {
  const refuse = refusalAction(refusal);
  return (received) => {
    const end = received.indexOf(END);
    if (end < 0) return null;
    const attributes = attributesOf(received.toString('utf8', 0, end));
    if (attributes.get('request') !== 'smtpd_access_policy') throw new BadRequest('This is no request of Postfix');
    const ip = parseAddress(attributes.get('client_address') ?? '');
    const login = attributes.get('sasl_username') || null;
    const { type } = gatekeeper.ask({ ip, login });
    return { length: end + END.length, answer: `action=${type === 'refuse' ? refuse : NO_OPINION}${END}` };
  };
}

/**
 * Of two attributes of one name the first counts: the address stands before all that a client says, so nothing that it
 * says can take its place. What is no attribute is passed over, since a client that could spoil its request would pass.
 */
function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    const name = line.slice(0, equals);
    if (equals > 0 && !attributes.has(name)) attributes.set(name, line.slice(equals + 1));
  }
  return attributes;
}
