/** Who is known and who is locked in the bench of the gate: the same for the gate and for those who ask it. */

export interface Population {
  readonly locks: number;
  readonly pairs: number;
}

/** Networks from which each login has been used. */
export const NETWORKS_PER_LOGIN = 10;

export function loginOf(index: number): string {
  return `user${index}@example.org`;
}

/** An address in the network of that number; each has 256. */
export function addressOf(network: number): string {
  return `${10 + (network >> 16)}.${(network >> 8) & 255}.${network & 255}.7`;
}
