import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shapeOf } from '../../src/cli/filter-test/mask.ts';
import { Shapes } from '../../src/cli/filter-test/shapes.ts';

test('what differs from line to line is masked, and words stay', () => {
  const shapes: [string, string][] = [
    ['connect from unknown[192.0.2.1]', 'connect from unknown[<ip>]'],
    ['connect from mx.example.org[2001:db8::1]', 'connect from <name>[<ip>]'],
    [
      'warning: 2001:db8::2: hostname a.b.example verification failed',
      'warning: <ip>: hostname <name> verification failed',
    ],
    ['rip=::ffff:192.0.2.1, lip=::1, TLS', 'rip=<ip>, lip=<ip>, TLS'],
    ['8342223296A: from=<a@b.example>, size=199, nrcpt=1', '<id>: from=<text>, size=<n>, nrcpt=<n>'],
    ['4dF2Xk3kJqz1XyZ: client=unknown[192.0.2.1]:4711', '<id>: client=unknown[<ip>]:<n>'],
    ['1xV3M8-00000001Aq-0AbC Completed', '<id> Completed'],
    ['user=<bob>, session=<T7Yzltlgd7HGM2Q8>', 'user=<text>, session=<text>'],
    ['passwd-file(bob@example.org): unknown user', 'passwd-file(<mail>): unknown user'],
    ['msg="no \\"such\\" user", took 0.25 s', 'msg="<text>", took <n> s'],
    ['id 0193e2b4-7f0a-7c3e-9d3b-2f6c1a4b5d6e gone at 08:47:29', 'id <id> gone at <n>:<n>:<n>'],
    ['TLS library problem: error:0A000102:SSL routines', 'TLS library problem: error:<id>:SSL routines'],
    ['daemon started -- version 3.7.11', 'daemon started -- version <n>'],
  ];
  for (const [message, shape] of shapes) assert.equal(shapeOf(message), shape);
});

test('a shape is short, and long hostile messages are masked in time', () => {
  const start = performance.now();
  for (const piece of ['a.', '1.', ':', 'a:', '<', '"\\', 'a@', 'A1', '-', '0x', '(('])
    assert.ok(shapeOf(piece.repeat(8_000)).length <= 201);
  assert.ok(performance.now() - start < 1_000);
});

test('frequent shapes are counted whole however many rare ones there are, and nothing is lost', () => {
  const shapes = new Shapes();
  for (let i = 0; i < 50_000; i++) {
    shapes.add(`rare ${i}`, 'x');
    if (i % 10 === 0) shapes.add('frequent', `example ${i}`);
  }
  const list = shapes.list();
  assert.deepEqual(list[0], { shape: 'frequent', lines: 5_000, example: 'example 0' });
  assert.ok(list.length <= 8_000);
  assert.equal(
    list.reduce((sum, { lines }) => sum + lines, shapes.others),
    shapes.total,
  );
  assert.equal(shapes.total, 55_000);
});
