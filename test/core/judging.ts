/** What the tests of the judge share: settings with few and round numbers, and events in one line. */
import assert from 'node:assert/strict';
import { type Address, type Network, parseAddress, parseNetwork } from '../../src/core/ip.ts';
import type { JudgeSettings, LoginSettings, RequestSettings } from '../../src/core/settings.ts';
import type { Event, Kind, Millis, Subject } from '../../src/core/types.ts';

export const HOUR: Millis = 3_600_000;

export function ip(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address !== null, text);
  return address;
}

export function network(text: string): Network {
  const parsed = parseNetwork(text);
  assert.ok(parsed !== null, text);
  return parsed;
}

export function addressSubject(text: string): Subject {
  return { type: 'address', address: ip(text) };
}

/** As the logs have them: no rules for their names, everybody remembered in networks of 24 and 56 bits. */
export const LOGINS: LoginSettings = {
  names: { defaultDomain: null, tagDelimiter: null, aliases: new Map() },
  knownGood: { memory: 1_000_000, prefix4: 24, prefix6: 56, max: 1_000 },
  distinct: true,
  enforced: false,
  sparesOwners: true,
  banAttackers: false,
};

/** No rate is limited. */
export const REQUESTS: RequestSettings = {
  authentication: null,
  counts: 'attempts',
  jmapAuthentication: null,
  anonymous: null,
  account: null,
  escalate: null,
  cacheSize: 1024,
  concurrentRequests: 4,
  concurrentUploads: 4,
  paths: ['/jmap/*', '/auth/*'],
  loginPaths: ['/auth/*'],
  uploadPaths: ['/jmap/upload/*'],
  lease: 300_000,
  gated: false,
  useForwarded: false,
  forwardedHeader: 'x-forwarded-for',
  trustedProxies: [],
};

/** Three failures in a hundred milliseconds, bans of a thousand, no growth, no limit on logins. */
export function settings(changes: Partial<JudgeSettings> = {}): JudgeSettings {
  const limit = { count: 3, period: 100 };
  return {
    limits: { authentication: limit, 'invalid-rcpt': limit, loitering: limit, scan: limit },
    loginLimit: null,
    logins: LOGINS,
    requests: REQUESTS,
    banTime: 1000,
    increment: null,
    ipv6Prefix: 64,
    maxSubjects: 1000,
    ...changes,
  };
}

export function failure(
  address: string,
  time: Millis,
  { kind = 'authentication', login = null }: { kind?: Kind; login?: string | null } = {},
): Event {
  return { kind, ip: ip(address), login, time, filter: 'test', text: `${kind} from ${address} at ${time}` };
}
