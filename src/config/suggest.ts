/** "Did you mean": the nearest of some words, without regard to case, dashes and underscores. The only user of leven. */
import leven from 'leven';

/** The candidate nearest to a mistyped word, or null where none is near enough to be meant. */
export function closest(word: string, candidates: Iterable<string>): string | null {
  const typed = plain(word);
  const most = Math.max(1, Math.floor(typed.length / 3));
  let best: string | null = null;
  let bestDistance = most + 1;
  if (typed.length > 100) return null;
  for (const candidate of candidates) {
    const distance = leven(typed, plain(candidate), { maxDistance: bestDistance });
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_\s]/g, '');
}
