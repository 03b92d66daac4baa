/** An admin's own additions to a shipped filter, merged with it. Pure data. */
import type { FilterDefinition } from './definition.ts';

export interface Extension {
  /** Names of shipped patterns that are switched off. */
  readonly disabled: readonly string[];
  /** What is added, with the keys of the shipped filter that an extension does not change. */
  readonly own: FilterDefinition;
}

/**
 * A pattern of the same name takes the place of the shipped one; others come before all shipped ones. Negatives and
 * stories stay with the file that they stand in: they tell of that filter alone.
 */
export function extendDefinition(shipped: FilterDefinition, { own, disabled }: Extension): FilterDefinition {
  const byName = new Map(own.patterns.map((pattern) => [pattern.name, pattern]));
  const shippedNames = new Set(shipped.patterns.map(({ name }) => name));
  return {
    ...shipped,
    programs: [...new Set([...own.programs, ...shipped.programs])],
    units: [...new Set([...own.units, ...shipped.units])],
    patterns: [
      ...own.patterns.filter(({ name }) => !shippedNames.has(name)),
      ...shipped.patterns
        .filter(({ name }) => !disabled.includes(name))
        .map((pattern) => byName.get(pattern.name) ?? pattern),
    ],
    negatives: own.negatives,
    stories: own.stories,
  };
}
