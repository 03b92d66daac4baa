/** An admin who takes over a list does not lock himself out by it, as with `tailban ban`. */
import { type Address, contains, parseNetwork } from '../../core/ip.ts';

interface Spared<Ban> {
  readonly kept: Ban[];
  /** What was left out, each with why. */
  readonly left: readonly string[];
}

/** @param own the address that the admin is logged in from, where known. */
export function spareOwn<Ban extends { readonly subject: string }>(
  bans: readonly Ban[],
  own: Address | null,
): Spared<Ban> {
  if (own === null) return { kept: [...bans], left: [] };
  const locksOut = ({ subject }: Ban): boolean => {
    const network = parseNetwork(subject);
    return network !== null && contains(network, own);
  };
  return {
    kept: bans.filter((ban) => !locksOut(ban)),
    left: bans
      .filter(locksOut)
      .map(
        ({ subject }) => `${subject} would lock you out, who are logged in from ${own}; --force bans it all the same`,
      ),
  };
}
