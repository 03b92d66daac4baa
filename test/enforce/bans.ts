/** Short ways to write bans and changes in the tests of the enforcers. */
import assert from 'node:assert/strict';
import { parseSubject } from '../../src/core/subject.ts';
import type { Ban, Change, Millis, Subject } from '../../src/core/types.ts';

export function subject(text: string): Subject {
  const parsed = parseSubject(text);
  assert.ok(parsed !== null, `${text} is no subject`);
  return parsed;
}

export function banOf(text: string, until: Millis | null = null): Ban {
  return { subject: subject(text), since: 0, until, cause: 'manual', reason: 'a test', offence: 1, evidence: [] };
}

export function ban(text: string, until: Millis | null = null): Change {
  return { type: 'ban', ban: banOf(text, until) };
}

export function unban(text: string): Change {
  return { type: 'unban', subject: subject(text) };
}
