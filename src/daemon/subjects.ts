/** Whom an admin means by what he writes: addresses and networks in their one spelling, logins as the judge counts them. */
import { Refusal } from '../api/contract.ts';
import { type Network, parseNetwork } from '../core/ip.ts';
import type { Judge } from '../core/judge.ts';
import { parseSubject, subjectKey } from '../core/subject.ts';
import type { Subject } from '../core/types.ts';

/** @throws Refusal */
export function readSubject(text: string, judge: Judge): Subject {
  const subject = findSubject(text, judge);
  if (subject !== null) return subject;
  throw new Refusal(
    400,
    `"${text}" is no address, network or login`,
    'An address is 192.0.2.1 or 2001:db8::1, a network 192.0.2.0/24, a login login:NAME',
  );
}

/** Null where the text is no address, network or login. */
export function findSubject(text: string, judge: Judge): Subject | null {
  const subject = parseSubject(text);
  return subject?.type === 'login' ? judge.loginSubject(subject.login) : subject;
}

/**
 * All that an admin means who lifts a ban: one from before spellings of logins were put together may stand under the name
 * as it is written. @throws Refusal
 */
export function subjectsOf(text: string, judge: Judge): Subject[] {
  const subject = readSubject(text, judge);
  const written = parseSubject(text);
  return written === null || subjectKey(written) === subjectKey(subject) ? [subject] : [subject, written];
}

/** What to say where there was nothing to lift. */
export function notBanned(text: string, judge: Judge): Refusal {
  const network = parseNetwork(text);
  const [wider] = network === null ? [] : judge.bansAround(network);
  if (wider)
    return new Refusal(
      409,
      `${text} is banned as part of ${subjectKey(wider.subject)}`,
      `tailban unban ${subjectKey(wider.subject)} lets all of it in`,
    );
  return new Refusal(404, `${text} is not banned and has no failures`, 'tailban list shows who is banned');
}

/** @throws Refusal */
export function readNetwork(text: string): Network {
  const network = parseNetwork(text);
  if (network !== null) return network;
  throw new Refusal(
    400,
    `"${text}" is no address or network`,
    'An address is 192.0.2.1 or 2001:db8::1, a network 192.0.2.0/24',
  );
}
