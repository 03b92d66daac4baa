/** Random numbers that are the same for the same seed, so that every run of the bench reads the same log. */

export interface Random {
  /** At least 0 and below 1. */
  next(): number;
  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number;
  /** True in so many of 1 cases. */
  chance(share: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** So many characters of the alphabet. */
  word(length: number, alphabet: string): string;
}

/** Marsaglia's xorshift with 32 bits of state (Journal of Statistical Software 8, 2003). The seed must not be 0. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  if (state === 0) throw new RangeError('Cannot seed the generator with 0: it would stay at 0 for ever');
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    chance: (share) => next() < share,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined)
        throw new RangeError('Cannot pick from nothing: a list with at least one item is expected');
      return item;
    },
    word(length, alphabet) {
      let word = '';
      for (let i = 0; i < length; i++) word += alphabet.charAt(below(alphabet.length));
      return word;
    },
  };
}
