/**
 * What Dovecot sends to an auth policy server, and what it takes as an answer (seen on Dovecot 2.3.19 and 2.4.1). Every
 * field is the text that the admin's `auth_policy_request_attributes` makes of it; the login is the client's. Pure.
 */
import { type Address, parseAddress } from '../core/ip.ts';
import type { Millis } from '../core/types.ts';
import type { LoginReport } from './types.ts';

export interface PolicyRequest {
  readonly command: 'allow' | 'report';
  /** Null where no client connected, as for `doveadm auth test`. */
  readonly ip: Address | null;
  readonly login: string | null;
  /** The login is longer than any: were it let through, a tag of that length could hide whose it is. */
  readonly isAbsurd: boolean;
  /** Null for logins that come through Postfix. */
  readonly session: string | null;
  /** The beginning of the hash of the password. */
  readonly password: string | null;
  /** What became of the login; only in reports. */
  readonly outcome: 'success' | 'failure' | 'refused' | 'outage';
}

export interface PolicyAnswer {
  /** -1 refuses, 0 allows, more is how many seconds the login is delayed. */
  readonly status: number;
  readonly msg: string;
}

const REPORTER = 'dovecot-auth-policy';

/** The longest address of a mailbox has 320 octets. */
const LONGEST_LOGIN = 1_024;
const SESSION = /^[^\s<>]{1,64}$/;
const HASH = /^[0-9A-Fa-f]{1,64}$/;
/** What Dovecot 2.4 puts into `fail_type` where the password database did not answer. */
const OUTAGE = 'internal';

/** Null where it is none. */
export function readPolicyRequest(command: unknown, body: string): PolicyRequest | null {
  if (command !== 'allow' && command !== 'report') return null;
  const fields = parseObject(body);
  if (fields === null) return null;
  const login = text(fields['login']);
  if (login === null) return null;
  const remote = text(fields['remote']);
  const ip = remote === null || remote === '' ? null : parseAddress(remote);
  if (remote !== null && remote !== '' && ip === null) return null;
  const session = text(fields['session_id']);
  const password = text(fields['pwhash']);
  return {
    command,
    ip,
    login: login === '' ? null : login.slice(0, LONGEST_LOGIN),
    isAbsurd: login.length > LONGEST_LOGIN,
    session: session !== null && SESSION.test(session) ? session : null,
    password: password !== null && HASH.test(password) ? password : null,
    outcome: outcomeOf(fields),
  };
}

/** What a report tells; null where it tells nothing of anybody. */
export function reportOf(request: PolicyRequest): LoginReport | null {
  const { isAbsurd, ip, login, session, password } = request;
  const outcome = isAbsurd ? 'failure' : request.outcome;
  if (ip === null || outcome === 'outage') return null;
  return { reporter: REPORTER, outcome, ip, login, session, password };
}

/**
 * After the first failure a login is delayed, by a second more each time their number doubles: a user who mistypes hardly
 * notices, and nobody who guesses gets far.
 */
export function delaySeconds(failures: number, max: Millis | null): number {
  if (max === null || failures < 2) return 0;
  return Math.min(Math.floor(Math.log2(failures)), Math.floor(max / 1_000));
}

function outcomeOf(fields: Readonly<Record<string, unknown>>): PolicyRequest['outcome'] {
  if (fields['policy_reject'] === true) return 'refused';
  if (fields['success'] === true) return 'success';
  return fields['fail_type'] === OUTAGE ? 'outage' : 'failure';
}

function parseObject(body: string): Readonly<Record<string, unknown>> | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
