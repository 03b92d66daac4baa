/** The last lines of each subject, in bounded memory: what a ban shows as its evidence. */

const LINES_PER_SUBJECT = 5;
const LONGEST_LINE = 400;

export class Evidence {
  readonly #maxSubjects: number;
  /**
   * Two generations instead of an order of all: who is seen again moves to the younger one, and when that is full the
   * older one goes. So what is kept are at least half as many subjects as there may be, those seen last.
   */
  #younger = new Map<string, string[]>();
  #older = new Map<string, string[]>();
  readonly #changed = new Set<string>();

  constructor(maxSubjects: number) {
    this.#maxSubjects = maxSubjects;
  }

  add(subject: string, text: string): void {
    const lines = this.#take(subject);
    this.#changed.add(subject);
    if (lines.length === LINES_PER_SUBJECT) lines.shift();
    lines.push(text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text);
  }

  /** Oldest first. */
  of(subject: string): readonly string[] {
    return [...(this.#younger.get(subject) ?? this.#older.get(subject) ?? [])];
  }

  clear(subject: string): void {
    if (this.#younger.delete(subject) || this.#older.delete(subject)) this.#changed.add(subject);
  }

  /** Takes over what a store kept. Not a change. */
  load(subject: string, lines: readonly string[]): void {
    this.#take(subject).push(...lines.slice(-LINES_PER_SUBJECT));
  }

  /** The subjects whose lines changed since the last call; null where there are none any more. */
  takeChanged(): [string, readonly string[] | null][] {
    const changed = [...this.#changed].map((subject): [string, readonly string[] | null] => {
      const lines = this.of(subject);
      return [subject, lines.length === 0 ? null : lines];
    });
    this.#changed.clear();
    return changed;
  }

  /** The lines of a subject, which is now among the younger ones. */
  #take(subject: string): string[] {
    const known = this.#younger.get(subject);
    if (known !== undefined) return known;
    const lines = this.#older.get(subject) ?? [];
    this.#older.delete(subject);
    if (this.#younger.size >= this.#maxSubjects / 2) {
      for (const forgotten of this.#older.keys()) this.#changed.add(forgotten);
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(subject, lines);
    return lines;
  }
}
