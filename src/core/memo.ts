/**
 * Remembers what was made of short texts that come again and again. What it gives for equal texts is one and the same
 * object, which maps find faster than an equal one. Bounded: when it is full it begins anew.
 */
export class Memo<Value> {
  readonly #make: (text: string) => Value;
  readonly #max: number;
  readonly #known = new Map<string, Value>();

  constructor(make: (text: string) => Value, max: number) {
    this.#make = make;
    this.#max = max;
  }

  of(text: string): Value {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const own = detached(text);
    const value = this.#make(own);
    if (this.#known.size >= this.#max) this.#known.clear();
    this.#known.set(own, value);
    return value;
  }
}

/** The same text in memory of its own: V8 keeps the whole log line for a piece of it. */
export function detached(text: string): string {
  return Buffer.from(text).toString();
}
