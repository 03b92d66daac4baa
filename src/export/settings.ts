/** What of the configuration the servers are told, and whom none of them is to limit. */
import type { AllowedNetwork } from '../config/config.ts';
import { type Network, networkBase, networkLength, parseNetwork } from '../core/ip.ts';
import type { RequestSettings } from '../core/settings.ts';
import type { Limit } from '../core/types.ts';

/** As much of `Config` as is written out. */
export interface ExportSettings {
  readonly requests: RequestSettings;
  readonly allowed: readonly AllowedNetwork[];
  readonly ipv6Prefix: number;
}

/** Networks that no limit holds for, and the settings that say so. */
export interface Exempt {
  readonly why: string;
  readonly networks: readonly Network[];
}

/** A limit and the name of the setting that it comes from. */
export interface NamedLimit {
  readonly setting: string;
  readonly limit: Limit;
}

/** Said where only failures count. */
export const FAILURES_ONLY =
  'authentication.counts = "failures": which attempt to log in will fail cannot be told beforehand, so they are not limited here; tailban counts the failures.';

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map((text) => parseNetwork(text)).filter((network) => network !== null);

/** Each network once, under the first of its reasons. A proxy speaks for many, so it is never limited itself. */
export function exempt({ allowed, requests }: ExportSettings): Exempt[] {
  const reasons = new Map<Network, string>();
  const add = (network: Network, why: string): void => void (reasons.has(network) || reasons.set(network, why));
  for (const network of LOOPBACK) add(network, 'this host itself');
  for (const { network, name } of allowed)
    add(network, name === null ? 'server.allowed-ip' : `server.network.${printableName(name)}`);
  for (const network of requests.trustedProxies) add(network, 'server.trusted-proxies');
  return [...Map.groupBy(reasons, ([, why]) => why)].map(([why, entries]) => ({
    why,
    networks: entries.map(([network]) => network),
  }));
}

/**
 * What is counted of the attempts to log in over HTTP: two settings, which are one where they are the same. Nothing where
 * only failures count, for no server tells those apart before it answers.
 */
export function loginLimits({ authentication, jmapAuthentication, counts }: RequestSettings): NamedLimit[] {
  if (counts === 'failures') return [];
  const named = [
    ...(authentication === null ? [] : [{ setting: 'authentication.rate-limit', limit: authentication }]),
    ...(jmapAuthentication === null ? [] : [{ setting: 'jmap.rate-limit.authentication', limit: jmapAuthentication }]),
  ];
  const [first, second] = named;
  return first !== undefined && isSame(first.limit, second?.limit)
    ? [{ setting: `${first.setting} and ${second?.setting}`, limit: first.limit }]
    : named;
}

/** Without the length where the network is one address. */
export function shortNetwork(network: Network): string {
  const base = networkBase(network);
  return networkLength(network) === (base.includes(':') ? 128 : 32) ? base : network;
}

/** A name of the admin's choosing as it may stand in a comment: nothing in it ends the comment or continues its line. */
function printableName(name: string): string {
  return name.replace(/[^\p{L}\p{N}._@+-]/gu, '·').slice(0, 60);
}

function isSame(one: Limit, other: Limit | undefined): boolean {
  return one.count === other?.count && one.period === other.period;
}
