/** What happens to a packet of a banned address: the same for every firewall. */

/** `ports` are TCP ports; empty means all traffic, whatever the protocol. */
export interface Policy {
  readonly ports: readonly number[];
  readonly action: 'drop' | 'reject';
}

/** The port as text. @throws RangeError where it is none, so that nothing else can reach a ruleset. */
export function portText(port: number): string {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`Cannot block port ${port}: a port is a whole number from 1 to 65535`);
  }
  return String(port);
}
