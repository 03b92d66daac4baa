/**
 * A map in the order in which its entries were last set. A `Map` keeps that order too, if each entry is deleted and set
 * again; but it then walks over everything that was deleted to find its oldest entry, which makes a full cache slow.
 */

interface Entry<Key, Value> {
  readonly key: Key;
  value: Value;
  older: Entry<Key, Value> | null;
  newer: Entry<Key, Value> | null;
}

export class RecentMap<Key, Value> {
  readonly #entries = new Map<Key, Entry<Key, Value>>();
  #oldest: Entry<Key, Value> | null = null;
  #newest: Entry<Key, Value> | null = null;

  get size(): number {
    return this.#entries.size;
  }

  /** Does not count as setting it. */
  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** The entry is now the newest. */
  set(key: Key, value: Value): void {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.value = value;
      if (known === this.#newest) return;
      this.#unlink(known);
      this.#append(known);
      return;
    }
    const entry = { key, value, older: null, newer: null };
    this.#entries.set(key, entry);
    this.#append(entry);
  }

  delete(key: Key): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    this.#unlink(entry);
    return true;
  }

  /** Deletes the oldest entries until there are at most so many. */
  trim(max: number): void {
    while (this.size > max && this.#oldest !== null) this.delete(this.#oldest.key);
  }

  get oldest(): Key | undefined {
    return this.#oldest?.key;
  }

  /** From the oldest on. What has been yielded may be deleted or set again meanwhile; what is set is not yielded again. */
  *entries(): Generator<[Key, Value]> {
    const last = this.#newest;
    for (let entry = this.#oldest; entry !== null; ) {
      const { key, value, newer } = entry;
      const isLast = entry === last;
      yield [key, value];
      if (isLast) return;
      entry = newer;
    }
  }

  #append(entry: Entry<Key, Value>): void {
    entry.older = this.#newest;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry<Key, Value>): void {
    if (entry.older === null) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === null) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = null;
    entry.newer = null;
  }
}
