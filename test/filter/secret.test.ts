/** What could open an account does not stay in what is kept of a line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { file, sightings } from './reading.ts';

const HEAD = '2026-11-22T09:10:51.148643+00:00 mx7 courieresmtpd: error,relay=::ffff:192.0.2.1,port=43261,';
const failed = (command: string): string => `${HEAD}msg="535 Authentication failed.",cmd: AUTH ${command}`;

function kept(line: string): readonly (string | null | undefined)[] {
  const [seen] = sightings(file([line]));
  return [seen?.login, seen?.text];
}

test('a password that the server wrote into its log is masked in the text of the event', () => {
  assert.deepEqual(kept(failed('PLAIN AGJvYgBzZWNyZXQ= bob')), ['bob', failed('PLAIN *** bob')]);
  assert.deepEqual(kept(failed('PLAIN AGJvYgBzZWNyZXQ=')), [null, failed('PLAIN ***')]);
  assert.deepEqual(kept(failed('XOAUTH2 dXNlcj1hAWF1dGg9QmVh')), [null, failed('XOAUTH2 ***')]);
});

test('it is masked everywhere in the line, and before a long line is cut', () => {
  const long = `AGJvYgBzZWNyZXQ= AGJvYgBzZWNyZXQ=${'x'.repeat(100)}`;
  assert.deepEqual(kept(failed(`PLAIN ${long}`))[1], failed(`PLAIN *** ***${'x'.repeat(100)}`));
});

test('lines without one are kept as they are', () => {
  assert.deepEqual(kept(failed('LOGIN bob')), ['bob', failed('LOGIN bob')]);
});
