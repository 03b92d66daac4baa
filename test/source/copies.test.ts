import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareAge, isRelative, isRotation } from '../../src/source/copies.ts';

test('what rotation adds to a name is a number or a date', () => {
  for (const name of ['mail.log.1', 'mail.log-20261122', 'mail.log.2026-11-22', 'mail-20261122.log', 'mail.2.log'])
    assert.ok(isRotation(name, 'mail.log') && isRelative(name, 'mail.log'), name);
  for (const name of ['mail.log', 'mail.log.offset', 'mail.logs.1', 'mailer.1.log', 'other.log.1'])
    assert.ok(!isRotation(name, 'mail.log'), name);
  assert.ok(isRelative('mail.log.backup', 'mail.log'));
  assert.ok(!isRelative('other.log', 'mail.log'));
});

test('the age of rotated files is read from their names, and from the time where those do not tell', () => {
  const older = (one: string, other: string) =>
    compareAge('mail.log', { path: `/l/${one}`, modified: 5 }, { path: `/l/${other}`, modified: 9 }) < 0;
  assert.ok(older('mail.log.10', 'mail.log.9'));
  assert.ok(!older('mail.log.1', 'mail.log.2'));
  assert.ok(older('mail.log-20261121', 'mail.log-20261122'));
  assert.ok(!older('mail.log-20261122', 'mail.log-20261121'));
  assert.ok(older('mail.log.1', 'mail.log-20261122'));
  assert.ok(older('mail.log.backup', 'mail.log.7'));
});
