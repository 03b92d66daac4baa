/** Every shipped pattern is proven safe, alone and among its neighbours: own filters are when they are loaded, these here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterDefinition } from '../../src/filter/definition.ts';
import { disputedBy, unsafePattern } from '../../src/filter/safety.ts';
import { filters } from '../filter/reading.ts';

for (const { definition } of filters) {
  test(`${definition.name}: no client can move the address of a line, and no line keeps a pattern busy`, () => {
    const problems = definition.patterns.flatMap(({ name, pattern }) => {
      const unsafe = unsafePattern({ prefix: definition.prefix, pattern });
      return unsafe === null
        ? []
        : [`${name} at ${pattern.slice(unsafe.offset, unsafe.offset + 40)}: ${unsafe.problem}`];
    });
    assert.deepEqual(problems, []);
  });
}

/** Patterns that see the same lines: those of one filter, and of filters that share a program. */
function neighbours(): [FilterDefinition, FilterDefinition][] {
  const all = filters.map(({ definition }) => definition);
  return all.flatMap((one, index) =>
    all
      .slice(index)
      .filter((other) => one === other || one.programs.some((program) => other.programs.includes(program)))
      .map((other): [FilterDefinition, FilterDefinition] => [one, other]),
  );
}

test('no two patterns find different addresses in one line, so that a client cannot choose between them', () => {
  const disputed = neighbours().flatMap(([one, other]) =>
    one.patterns.flatMap((a, index) =>
      other.patterns.slice(one === other ? index + 1 : 0).flatMap((b) => {
        const line = disputedBy(
          { prefix: one.prefix, pattern: a.pattern },
          { prefix: other.prefix, pattern: b.pattern },
        );
        return line === null ? [] : [`${one.name} ${a.name}, ${other.name} ${b.name}: ${line}`];
      }),
    ),
  );
  assert.deepEqual(disputed, []);
});
