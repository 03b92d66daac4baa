/** The last lines of each subject, in bounded memory: what a ban shows as its evidence. */

const LINES_PER_SUBJECT = 5;
const LONGEST_LINE = 400;

interface Lines {
  /** Oldest first. */
  readonly texts: string[];
  isChanged: boolean;
  /** They have been given out, so it has to be told when they are gone. */
  isStored: boolean;
}

export class Evidence {
  readonly #maxSubjects: number;
  /**
   * Two generations instead of an order of all: who is seen again moves to the younger one, and when that is full the
   * older one goes. So what is kept are at least half as many subjects as there may be, those seen last.
   */
  #younger = new Map<string, Lines>();
  #older = new Map<string, Lines>();
  /** Each subject once, unless it is gone and back. */
  #changed: string[] = [];
  #gone: string[] = [];

  constructor(maxSubjects: number) {
    this.#maxSubjects = maxSubjects;
  }

  add(subject: string, text: string): void {
    const lines = this.#take(subject);
    if (!lines.isChanged) {
      lines.isChanged = true;
      this.#changed.push(subject);
    }
    if (lines.texts.length === LINES_PER_SUBJECT) lines.texts.shift();
    lines.texts.push(text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text);
  }

  /** Oldest first. */
  of(subject: string): readonly string[] {
    return [...(this.#find(subject)?.texts ?? [])];
  }

  clear(subject: string): void {
    const lines = this.#find(subject);
    if (lines === undefined) return;
    if (lines.isStored) this.#gone.push(subject);
    this.#younger.delete(subject);
    this.#older.delete(subject);
  }

  /** Takes over what a store kept. Not a change. */
  load(subject: string, lines: readonly string[]): void {
    const known = this.#take(subject);
    known.isStored = true;
    known.texts.push(...lines.slice(-LINES_PER_SUBJECT));
  }

  /** The subjects whose lines changed since the last call; null where there are none any more. */
  takeChanged(): [string, readonly string[] | null][] {
    // Who is gone and back is listed twice, and the second time is true.
    const changed: [string, readonly string[] | null][] = this.#gone.map((subject) => [subject, null]);
    for (const subject of this.#changed) {
      const lines = this.#find(subject);
      if (lines === undefined || !lines.isChanged) continue;
      lines.isChanged = false;
      lines.isStored = true;
      changed.push([subject, [...lines.texts]]);
    }
    this.#changed = [];
    this.#gone = [];
    return changed;
  }

  #find(subject: string): Lines | undefined {
    return this.#younger.get(subject) ?? this.#older.get(subject);
  }

  /** The lines of a subject, which is now among the younger ones. */
  #take(subject: string): Lines {
    const known = this.#younger.get(subject);
    if (known !== undefined) return known;
    const lines = this.#older.get(subject) ?? { texts: [], isChanged: false, isStored: false };
    this.#older.delete(subject);
    if (this.#younger.size >= this.#maxSubjects / 2) {
      for (const [forgotten, { isStored }] of this.#older) if (isStored) this.#gone.push(forgotten);
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(subject, lines);
    return lines;
  }
}
