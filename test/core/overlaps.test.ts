import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Overlaps } from '../../src/core/overlaps.ts';

test('requests that ran at one instant are counted together, those that follow each other are not', () => {
  const overlaps = new Overlaps();
  assert.equal(overlaps.add('a', { start: 0, end: 10 }), 1);
  assert.equal(overlaps.add('a', { start: 10, end: 20 }), 1);
  assert.equal(overlaps.add('a', { start: 5, end: 15 }), 2, 'never three at once');
  assert.equal(overlaps.add('a', { start: 8, end: 9 }), 3);
  assert.equal(overlaps.add('b', { start: 0, end: 20 }), 1);
});

test('a flood of subjects and requests is remembered only in part', () => {
  const overlaps = new Overlaps();
  for (let index = 0; index < 10_000; index++) overlaps.add(`${index}`, { start: 0, end: 10 });
  assert.equal(overlaps.add('0', { start: 0, end: 10 }), 1);
  for (let index = 0; index < 1000; index++) assert.ok(overlaps.add('a', { start: 0, end: 10 }) <= 65);
});
