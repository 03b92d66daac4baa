/** Requests as logs tell of them and as web servers ask about them, and judges for them. */
import { Judge } from '../../src/core/judge.ts';
import type { RequestSettings } from '../../src/core/settings.ts';
import type { Ban, Event, Millis, RequestInfo } from '../../src/core/types.ts';
import type { Account, Admission, Request, Verdict } from '../../src/core/verdict.ts';
import { ip, REQUESTS, settings } from './judging.ts';

export const MINUTE = 60_000;
export const RATE = { count: 3, period: MINUTE };

export function judgeWith(requests: Partial<RequestSettings>, changes: Parameters<typeof settings>[0] = {}): Judge {
  const limit = { count: 20, period: 24 * 60 * MINUTE };
  const limits = { authentication: limit, 'invalid-rcpt': limit, loitering: limit, scan: limit };
  return new Judge(settings({ limits, banTime: 60 * MINUTE, requests: { ...REQUESTS, ...requests }, ...changes }));
}

export function logged(
  time: Millis,
  {
    address = '192.0.2.1',
    login = null,
    ...changes
  }: Partial<RequestInfo> & { address?: string; login?: string | null } = {},
): Event {
  const request: RequestInfo = {
    method: 'GET',
    path: '/jmap/api',
    status: 200,
    duration: null,
    id: null,
    credentials: login !== null,
    ...changes,
  };
  return { kind: 'request', ip: ip(address), login, time, filter: 'test', text: `request at ${time}`, request };
}

export function asked(changes: Partial<Request> = {}): Request {
  return {
    ip: ip('192.0.2.1'),
    behindProxy: false,
    method: 'GET',
    path: '/jmap/api',
    account: null,
    id: null,
    ...changes,
  };
}

export function account(login: string | null, credentials: string | null = null): Account {
  return { login, credentials };
}

export function bansOf(verdict: Verdict | Admission): readonly Ban[] {
  return verdict.type === 'banned' && 'bans' in verdict ? verdict.bans : verdict.type === 'limited' ? verdict.bans : [];
}
