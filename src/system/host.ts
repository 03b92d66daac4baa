/** What the host knows of itself and must never ban: its own addresses and its default gateways. Linux only. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { type Network, parseAddress, parseNetwork } from '../core/ip.ts';

/** Networks with the reason why they are never banned. */
export async function hostNetworks(): Promise<(readonly [Network, string])[]> {
  const found: (readonly [Network, string])[] = [];
  const add = (text: string, why: string): void => {
    const network = parseNetwork(text);
    if (network !== null) found.push([network, why]);
  };
  add('127.0.0.0/8', 'loopback');
  add('::1', 'loopback');
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { address } of addresses ?? []) add(address.replace(/%.*$/, ''), `own address on ${name}`);
  }
  for (const gateway of await gateways()) add(gateway, 'default gateway');
  return found;
}

async function gateways(): Promise<string[]> {
  const [v4, v6] = await Promise.all([read('/proc/net/route'), read('/proc/net/ipv6_route')]);
  return [...v4Gateways(v4), ...v6Gateways(v6)];
}

/** Lines of `/proc/net/route`: interface, destination, gateway in little-endian hex (proc(5)). */
export function v4Gateways(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const [, destination, gateway] = line.split('\t');
    if (destination !== '00000000' || gateway === undefined || gateway === '00000000') return [];
    const bytes = gateway.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? [];
    return parseAddress(bytes.reverse().join('.')) ?? [];
  });
}

/** Lines of `/proc/net/ipv6_route`: destination, its length, source, its length, next hop, all in hex (proc(5)). */
export function v6Gateways(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const [destination = '', length, , , gateway = ''] = line.trim().split(/\s+/);
    if (length !== '00' || /[1-9a-f]/.test(destination) || !/[1-9a-f]/.test(gateway)) return [];
    return parseAddress(gateway.replace(/(.{4})(?=.)/g, '$1:')) ?? [];
  });
}

/** What the journal knows this host by (machine-id(5)); null where it has none. */
export function machineId(file = '/etc/machine-id'): string | null {
  try {
    return /^[0-9a-f]{32}$/m.exec(readFileSync(file, 'utf8'))?.[0] ?? null;
  } catch {
    return null;
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // No such family on this host.
    return '';
  }
}
