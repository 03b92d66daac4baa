/** Who asks, for HAProxy: the peer, or whom trusted proxies name, and the prefix in which IPv6 addresses count together. */
import { acl, lines } from './haproxy-text.ts';
import { type ExportSettings, shortNetwork } from './settings.ts';

/** Proxies one behind another; the rules are written out for each. */
const MOST_HOPS = 4;

/**
 * The variables `txn.tailban_address` and `txn.tailban_network`. Whom the proxies do not name is 0.0.0.0, an address that
 * no client has, and is exempt, as the proxies are: nobody is to pay for what strangers do.
 */
export function clientRules(settings: ExportSettings): string {
  return `${peer(settings)}${prefix(settings)}`;
}

function peer({ requests: { useForwarded, forwardedHeader, trustedProxies } }: ExportSettings): string {
  const from = ['http-request set-var(txn.tailban_address) src'];
  if (!useForwarded) return lines('jmap.rate-limit.use-forwarded is off: the client is who connects.', from);
  if (trustedProxies.length === 0)
    return lines('server.trusted-proxies is empty: nobody is believed when he names another client.', from);
  if (forwardedHeader === 'forwarded')
    return lines(
      'The proxies write Forwarded (RFC 7239), which HAProxy does not read before 2.8: what comes through them is not limited here. Let them write X-Forwarded-For.',
      from,
    );
  const hops = Array.from({ length: MOST_HOPS }, (_, index) => [
    `http-request set-var(txn.tailban_hop) ipv4(0.0.0.0)`,
    `http-request set-var(txn.tailban_hop) req.hdr_ip(x-forwarded-for,-${index + 1})`,
    'http-request set-var(txn.tailban_address) var(txn.tailban_hop) if tailban_trusted',
  ]);
  return [
    lines('server.trusted-proxies: whoever asks through them is known by X-Forwarded-For.', [
      ...from,
      ...acl('tailban_trusted', 'var(txn.tailban_address) -m ip', trustedProxies.map(shortNetwork)),
    ]),
    lines(
      `The last address there that is none of theirs, up to ${MOST_HOPS} proxies one behind another. Whom they do not name is 0.0.0.0, and exempt.`,
      [...hops.flat(), 'acl tailban_exempt var(txn.tailban_address) -m ip 0.0.0.0'],
    ),
  ].join('');
}

/** IPv4-mapped addresses come where one socket takes both families; together they would be one single prefix. */
function prefix({ ipv6Prefix }: ExportSettings): string {
  return lines(`server.ipv6-prefix = ${ipv6Prefix}: IPv6 addresses of one prefix count together, IPv4 by themselves.`, [
    'acl tailban_is_mapped var(txn.tailban_address) -m ip ::ffff:0:0/96',
    'http-request set-var(txn.tailban_network) var(txn.tailban_address),ipmask(32,128) if tailban_is_mapped',
    `http-request set-var(txn.tailban_network) var(txn.tailban_address),ipmask(32,${ipv6Prefix}) unless tailban_is_mapped`,
  ]);
}
