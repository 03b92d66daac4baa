/**
 * Tells when something breaks and when it works again, out of one look after the other. What mends itself within half a
 * minute, such as a rotated log or one failed call, is not worth anybody's sleep.
 */
import type { Millis } from '../core/types.ts';
import type { Notice } from './types.ts';

export interface Condition {
  readonly kind: 'enforcer' | 'source' | 'store';
  readonly name: string;
  /** Null while it works. */
  readonly problem: string | null;
}

interface Trouble {
  readonly since: Millis;
  told: boolean;
}

const PATIENCE: Millis = 30_000;

export class Conditions {
  #troubles = new Map<string, Trouble>();

  /** What is to be told now. What is not among the conditions any more is forgotten. */
  look(conditions: readonly Condition[], now: Millis): Notice[] {
    const notices: Notice[] = [];
    const troubles = new Map<string, Trouble>();
    for (const { kind, name, problem } of conditions) {
      const key = `${kind} ${name}`;
      const before = this.#troubles.get(key);
      if (problem === null) {
        if (before?.told) notices.push({ kind, name, problem, time: now });
        continue;
      }
      const trouble = before ?? { since: now, told: false };
      troubles.set(key, trouble);
      if (trouble.told || Math.abs(now - trouble.since) < PATIENCE) continue;
      trouble.told = true;
      notices.push({ kind, name, problem, time: now });
    }
    this.#troubles = troubles;
    return notices;
  }
}
