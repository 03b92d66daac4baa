/** All addresses but those of some networks, as the fewest networks, for lists that know no exceptions. Pure. */
import { addressWidth, type Network, networkBase, networkLength, toGroups } from '../../core/ip.ts';

export function outside(networks: readonly Network[]): readonly string[] {
  return ([32, 128] as const).flatMap((width) => {
    const holes = networks.filter((network) => addressWidth(networkBase(network)) === width).map(prefixOf);
    return without('', holes).map((prefix) => writePrefix(prefix, width));
  });
}

/** Prefixes are texts of the digits 0 and 1 here: what begins with one lies in its network. */
function without(prefix: string, holes: readonly string[]): readonly string[] {
  const inside = holes.filter((hole) => hole.startsWith(prefix) || prefix.startsWith(hole));
  if (inside.length === 0) return [prefix];
  if (inside.some((hole) => hole.length <= prefix.length)) return [];
  return ['0', '1'].flatMap((digit) => without(prefix + digit, inside));
}

function prefixOf(network: Network): string {
  const base = networkBase(network);
  const digits = addressWidth(base) === 32 ? 8 : 16;
  const bits = toGroups(base).map((group) => group.toString(2).padStart(digits, '0'));
  return bits.join('').slice(0, networkLength(network));
}

/** Not in the one spelling that a `Network` has, which takes its time for the many there are. */
function writePrefix(prefix: string, width: 32 | 128): string {
  const bits = prefix.padEnd(width, '0');
  const [size, base, separator] = width === 32 ? ([8, 10, '.'] as const) : ([16, 16, ':'] as const);
  const groups: string[] = [];
  for (let at = 0; at < width; at += size) groups.push(Number.parseInt(bits.slice(at, at + size), 2).toString(base));
  return `${groups.join(separator)}/${prefix.length}`;
}
