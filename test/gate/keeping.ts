/** A gatekeeper with a few bans, that remembers what it was asked. */
import { parseAddress } from '../../src/core/ip.ts';
import type { Ban } from '../../src/core/types.ts';
import type { Answer, Question } from '../../src/core/verdict.ts';

export const BANNED = '192.0.2.145';
export const BANNED6 = '2001:db8::bad';
export const LOCKED = 'bob@example.org';
/** From there the locked login may be used. */
export const OWNER = '198.51.100.7';

export interface Keeper {
  readonly asked: Question[];
  ask(question: Question): Answer;
}

export function keeper(): Keeper {
  const asked: Question[] = [];
  const banned = new Set([BANNED, BANNED6].map(parseAddress));
  return {
    asked,
    ask: (question) => {
      asked.push(question);
      const { ip, login } = question;
      const isRefused = (ip !== null && banned.has(ip)) || (login === LOCKED && ip !== OWNER);
      return isRefused ? { type: 'refuse', ban: BAN } : { type: 'allow', failures: 0 };
    },
  };
}

export const BAN: Ban = {
  subject: { type: 'login', login: LOCKED },
  cause: 'authentication',
  reason: 'test',
  since: 0,
  until: 1,
  offence: 1,
  evidence: [],
};
