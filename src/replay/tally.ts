/**
 * Who did something how often: of an address, the logins that it used; of a login, the addresses that used it. Few names are
 * kept, so that it stays small whatever an attacker makes up.
 */
import { detached } from '../core/memo.ts';
import type { Millis } from '../core/types.ts';

/** So many names are kept; what further names do is counted together. */
const MAX_NAMES = 8;

export class Tally {
  total = 0;
  first: Millis;
  last: Millis;
  /** By names that there was no room for. */
  others = 0;
  /** Where the line named nobody. */
  unnamed = 0;
  readonly #names: string[] = [];
  readonly #counts: number[] = [];

  constructor(time: Millis) {
    this.first = time;
    this.last = time;
  }

  /** How often by name, in the order in which the names first appeared. */
  get names(): ReadonlyMap<string, number> {
    return new Map(this.#names.map((name, index) => [name, this.#counts[index] ?? 0]));
  }

  add(name: string | null, time: Millis): void {
    this.total++;
    if (time < this.first) this.first = time;
    if (time > this.last) this.last = time;
    if (name === null) {
      this.unnamed++;
      return;
    }
    const index = this.#names.indexOf(name);
    if (index >= 0) {
      this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    } else if (this.#names.length < MAX_NAMES) {
      this.#names.push(detached(name));
      this.#counts.push(1);
    } else {
      this.others++;
    }
  }
}
