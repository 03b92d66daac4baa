/** One failed login as several layers tell of it, and whether two lines tell of the same one. Pure. */
import type { Millis } from '../core/types.ts';
import type { Sighting } from './match.ts';

export interface Attempt {
  /** The sighting that counts if no server line comes. */
  sighting: Sighting;
  login: string | null;
  password: string | null;
  session: string | null;
  readonly layers: string[];
  /** A real failure by itself; false for hints, which good logins write too. */
  strong: boolean;
  /**
   * - `open`: no server line yet.
   * - `served`: the server has told of it, and it has been counted.
   * - `released`: counted without a server line, which may still come.
   * - `excused`: the server's own fault, to count for nobody.
   */
  state: 'open' | 'served' | 'released' | 'excused';
}

/** Clocks and log writers of different processes may be so far apart. */
const SKEW: Millis = 3_000;

export function newAttempt(sighting: Sighting, layers: string[], state: Attempt['state']): Attempt {
  const { login, password, session } = sighting;
  const kept = state === 'open' ? sighting : withoutText(sighting);
  return {
    sighting: kept,
    login,
    password,
    session,
    layers,
    strong: state === 'open' && sighting.as === 'echo',
    state,
  };
}

/** Only what other lines are compared with: many of these are kept. */
function withoutText({ web, ...rest }: Sighting): Sighting {
  return { ...rest, text: '' };
}

export function isWaiting(attempt: Attempt): boolean {
  return attempt.strong && attempt.state === 'open';
}

/** Whether two layers may speak of one attempt. */
export function isSame(attempt: Attempt, sighting: Sighting, within: Millis): boolean {
  if (Math.abs(sighting.time - attempt.sighting.time) > within) return false;
  const oneSession = attempt.session === null || sighting.session === null || attempt.session === sighting.session;
  return oneSession && isSameLogin(attempt.login, sighting.login);
}

/**
 * Whether a server line may tell of the attempt: by session, or by time and login where the layer names no session. A
 * line that stands for several attempts names the last login only, and tells how long they took.
 */
export function belongs(attempt: Attempt, sighting: Sighting, within: Millis, anyLogin: boolean): boolean {
  if (attempt.session !== null) return attempt.session === sighting.session;
  const age = sighting.time - attempt.sighting.time;
  if (age < -SKEW) return false;
  if (isSameLogin(attempt.login, sighting.login)) return age <= Math.max(within, sighting.span + SKEW);
  return anyLogin && age <= sighting.span + SKEW;
}

/** Layers write a login differently: cut short, with or without its domain, odd characters as question marks. */
export function isSameLogin(one: string | null, other: string | null): boolean {
  if (one === null || other === null || one === other) return true;
  const a = plain(one);
  const b = plain(other);
  if (a === b) return true;
  if (isCut(one) || isCut(other)) return a.startsWith(b) || b.startsWith(a);
  const localOnly = a.includes('@') !== b.includes('@');
  return localOnly && a.split('@')[0] === b.split('@')[0];
}

function plain(login: string): string {
  return login
    .toLowerCase()
    .replace(/\.\.\.$/, '')
    .replace(/\?.*$/, '');
}

function isCut(login: string): boolean {
  return login.endsWith('...') || login.includes('?') || login.length >= 100;
}
