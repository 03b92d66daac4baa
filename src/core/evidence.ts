/** The last lines of each subject, in bounded memory: what a ban shows as its evidence. */

const LINES_PER_SUBJECT = 5;
const LONGEST_LINE = 400;

export class Evidence {
  readonly #maxSubjects: number;
  /** In the order in which the subjects were last seen. */
  readonly #lines = new Map<string, readonly string[]>();

  constructor(maxSubjects: number) {
    this.#maxSubjects = maxSubjects;
  }

  add(subject: string, text: string): void {
    const line = text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text;
    const before = this.#lines.get(subject) ?? [];
    this.#lines.delete(subject);
    this.#lines.set(subject, [...before.slice(1 - LINES_PER_SUBJECT), line]);
    if (this.#lines.size <= this.#maxSubjects) return;
    for (const oldest of this.#lines.keys()) {
      this.#lines.delete(oldest);
      break;
    }
  }

  /** Oldest first. */
  of(subject: string): readonly string[] {
    return this.#lines.get(subject) ?? [];
  }

  clear(subject: string): void {
    this.#lines.delete(subject);
  }
}
