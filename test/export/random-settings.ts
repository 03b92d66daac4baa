/** Settings of every kind that a configuration can have, for what has to hold for all of them. */
import fc from 'fast-check';
import { parseConfig } from '../../src/config/load.ts';
import { type Address, type Network, networkOf, parseAddress } from '../../src/core/ip.ts';
import type { Limit } from '../../src/core/types.ts';
import type { ExportSettings } from '../../src/export/settings.ts';

const { requests: USUAL } = parseConfig('', 'tailban.toml').config;
const DAY = 86_400_000;
const LONGEST = 36_500 * DAY;

const limit: fc.Arbitrary<Limit | null> = fc.option(
  fc.record({
    count: fc.oneof(fc.constantFrom(1, 2, 10, 100, 1_000_000), fc.integer({ min: 1, max: 1_000_000 })),
    period: fc.oneof(fc.constantFrom(1, 1_000, 60_000, DAY, 28 * DAY, LONGEST), fc.integer({ min: 1, max: LONGEST })),
  }),
);

const ipv4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
const ipv6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }));
const network: fc.Arbitrary<Network> = fc.oneof(ipv4, ipv6).map(([text, length]) => {
  const address = parseAddress(text) as Address;
  return networkOf(address, address.includes(':') ? length : Math.min(length, 32));
});

/** As `http.paths` takes them. */
const path = fc
  .array(
    fc.oneof(
      fc.constantFrom('/', '*', '..', '"', "'", '\\', '$', '{', '}', ';', '#', '(', '~'),
      fc.stringMatching(/^[!->@-~]{1,6}$/),
    ),
    {
      maxLength: 6,
    },
  )
  .map((parts) => `/${parts.join('')}`);
const paths = fc.array(path, { maxLength: 4 });

export const settings: fc.Arbitrary<ExportSettings> = fc.record({
  requests: fc.record({
    escalate: fc.constant(USUAL.escalate),
    lease: fc.constant(USUAL.lease),
    gated: fc.constant(USUAL.gated),
    authentication: limit,
    counts: fc.constantFrom('attempts', 'attempts', 'failures'),
    jmapAuthentication: limit,
    anonymous: limit,
    account: limit,
    cacheSize: fc.constantFrom(1, 1024, 50_000_000),
    concurrentRequests: fc.integer({ min: 1, max: 1_000_000 }),
    concurrentUploads: fc.integer({ min: 1, max: 1_000_000 }),
    paths,
    loginPaths: paths,
    uploadPaths: paths,
    useForwarded: fc.boolean(),
    forwardedHeader: fc.constantFrom('x-forwarded-for', 'forwarded'),
    trustedProxies: fc.uniqueArray(network, { maxLength: 40 }),
  }),
  allowed: fc.array(fc.record({ network, name: fc.option(fc.string({ unit: 'binary', maxLength: 20 })) }), {
    maxLength: 5,
  }),
  ipv6Prefix: fc.integer({ min: 32, max: 128 }),
});
