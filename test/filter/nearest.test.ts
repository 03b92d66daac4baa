import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFilter } from '../../src/config/filter-files.ts';
import { nearestPattern } from '../../src/filter/nearest.ts';

const GATE = `
name = "gate"
programs = ["gate"]

[[pattern]]
name = "refused"
kind = "authentication"
pattern = '''refused <ip>: wrong key(?: number <number>)? of <plainlogin>'''
samples = [{ line = 'x' }]

[[pattern]]
name = "closed"
kind = "loitering"
pattern = '''(?:closed|shut down) before <ip> (?:spoke|asked for anything), waited <seconds> seconds'''
samples = [{ line = 'x' }]

[[pattern]]
name = "lost"
kind = "loitering"
pattern = '''lost <ip>(?:: reason <number>)?'''
samples = [{ line = 'x' }]
`;

const { patterns } = parseFilter(GATE, 'gate.toml').compiled;

/** `pattern: what matches | what is expected`, or none. */
function nearest(message: string): string {
  const found = nearestPattern(message, patterns);
  return found === null ? 'none' : `${found.pattern.name}: ${message.slice(0, found.end)} | ${found.expected}`;
}

test('the nearest pattern is told with the place where it stops matching and what it expects there', () => {
  assert.equal(
    nearest('refused 192.0.2.1: wrong kex of alice'),
    'refused: refused 192.0.2.1: wrong ke | y(?: number <number>)? of <login>',
  );
  assert.equal(
    nearest('refused 192.0.2.1, wrong key of alice'),
    'refused: refused 192.0.2.1 | : wrong key(?: number <number>)? of <login>',
  );
});

test('what is optional is followed for a part of the way', () => {
  assert.equal(
    nearest('refused 192.0.2.1: wrong key numbre 5 of alice'),
    'refused: refused 192.0.2.1: wrong key numb | er <number>',
  );
  assert.equal(nearest('refused 192.0.2.1: wrong key by alice'), 'refused: refused 192.0.2.1: wrong key  | of <login>');
});

test('the best of several choices is followed', () => {
  const rest = ' for a thing, waited 5 seconds';
  assert.equal(
    nearest(`shut down before 192.0.2.1 asked${rest}`),
    'closed: shut down before 192.0.2.1 asked for a | nything',
  );
  assert.equal(nearest('closed bevore 192.0.2.1 spoke, waited 5 seconds').split('|')[0], 'closed: closed be ');
});

test('a message that goes on behind the end of a pattern is told so', () => {
  assert.equal(nearest('lost 192.0.2.1 for ever'), 'lost: lost 192.0.2.1 | (?:: reason <number>)?');
  assert.equal(nearest('lost 192.0.2.1: reason 5 or 6'), 'lost: lost 192.0.2.1: reason 5 | ');
});

test('a message that has little in common with any pattern has no nearest one', () => {
  for (const message of ['', 're', 'opened for 192.0.2.1', 'something else altogether', '\u00ff\0((('])
    assert.equal(nearest(message), 'none');
});

test('long hostile messages are answered in time', () => {
  const start = performance.now();
  for (const piece of ['refused ', 'refused 192.0.2.1: wrong key ', '1', '('])
    nearestPattern(piece.repeat(Math.ceil(16_000 / piece.length)), patterns);
  assert.ok(performance.now() - start < 2_000);
});
