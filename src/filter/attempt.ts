/** One failed login as several layers tell of it, and whether two lines tell of the same one. Pure. */
import type { Millis } from '../core/types.ts';
import type { Sighting } from './match.ts';

/** What one password database, or another part of a layer, said of an attempt. */
interface Voice {
  readonly filter: string;
  readonly layer: string;
  /** The pattern stands for the database: they word their lines differently, unless they are of the same kind. */
  readonly pattern: string;
  /** Not just a hint. */
  readonly refused: boolean;
  readonly time: Millis;
  readonly login: string | null;
  readonly session: string | null;
}

export interface Attempt {
  /** The sighting that counts if no server line comes. */
  sighting: Sighting;
  login: string | null;
  password: string | null;
  session: string | null;
  /** Who has told of it, each once, in the order of reading. */
  readonly voices: Voice[];
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
export const SKEW: Millis = 3_000;
/** Two password databases answer for one attempt within so long; a client's next attempt comes later. */
const SAME_ATTEMPT: Millis = 1_500;
/** A further database, PAM above all, may delay what it says: PAM by 2 s and more, as the admin has set it. */
const FURTHER_DATABASE: Millis = 10_000;
/** Dovecot delays the answer to a wrong password by 2 s: what a success follows at once was the same attempt. */
const ANSWER_DELAY: Millis = 1_900;
/** A good password that the first database did not know may take a further one so long; people need longer to type anew. */
const SLOW_SUCCESS: Millis = 5_000;

/** An attempt that the sighting itself tells of. */
export function newAttempt(sighting: Sighting, state: Attempt['state']): Attempt {
  return { ...untold(sighting, state), voices: [voiceOf(sighting)] };
}

/** An attempt that no other layer has told of yet. */
export function untold(sighting: Sighting, state: Attempt['state']): Attempt {
  const { login, password, session } = sighting;
  const kept = state === 'open' ? sighting : withoutText(sighting);
  return {
    sighting: kept,
    login,
    password,
    session,
    voices: [],
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

function voiceOf({ filter, layer, pattern, as, time, login, session }: Sighting): Voice {
  return { filter, layer, pattern, refused: as === 'echo', time, login, session };
}

function isOfDatabase({ filter, layer, pattern }: Voice, sighting: Sighting): boolean {
  return filter === sighting.filter && layer === sighting.layer && pattern === sighting.pattern;
}

/** Whether something of that layer has told of the attempt. */
export function hasTold(attempt: Attempt, layer: string): boolean {
  return attempt.voices.some((voice) => voice.layer === layer);
}

/** One more line tells of the attempt. */
export function learn(attempt: Attempt, sighting: Sighting): void {
  if (!attempt.voices.some((voice) => isOfDatabase(voice, sighting))) attempt.voices.push(voiceOf(sighting));
  attempt.login ??= sighting.login;
  attempt.password ??= sighting.password;
  attempt.session ??= sighting.session;
  if (sighting.as !== 'echo' || attempt.strong || attempt.state !== 'open') return;
  attempt.strong = true;
  attempt.sighting = sighting;
}

/** The server has told of it: it has been counted, and the line is not needed as evidence. */
export function serve(attempt: Attempt): void {
  attempt.state = 'served';
  attempt.sighting = { ...attempt.sighting, text: '' };
}

/** It is counted before the server's line comes, if it does. */
export function release(attempt: Attempt): void {
  attempt.state = 'released';
  attempt.sighting = { ...attempt.sighting, text: '' };
}

export function asSighting(attempt: Attempt): Sighting {
  return { ...attempt.sighting, login: attempt.login, password: attempt.password };
}

/**
 * Whether the line is what a further password database says of an attempt that another one refused. Each speaks once an
 * attempt, and the client is answered behind the last of them: so another one that names the same session and the same
 * login speaks of the same attempt even when it is slow. The same one, or one of its kind, has to be quick.
 */
export function isTwin(attempt: Attempt, sighting: Sighting): boolean {
  const { filter, layer, time, login, session } = sighting;
  if (attempt.state === 'excused' || !isSame(attempt, sighting, Number.POSITIVE_INFINITY)) return false;
  // A layer names the session of an attempt each time or never: elsewhere, another client of the address guesses.
  const voices = attempt.voices.filter((voice) => voice.layer === layer && voice.session === session);
  const own = voices.find((voice) => isOfDatabase(voice, sighting));
  // A line that is repeated as a whole tells of so many attempts, and not of one that two databases refused.
  if (own !== undefined) return sighting.attempts === 1 && Math.abs(time - own.time) <= SAME_ATTEMPT;
  return voices.some((voice) => {
    if (Math.abs(time - voice.time) <= SAME_ATTEMPT) return true;
    const isFurther = voice.filter === filter && voice.login === login;
    return isFurther && time > voice.time && time - voice.time <= FURTHER_DATABASE;
  });
}

/**
 * Whether what was refused belongs to the login that worked in the end, because a further database knew the password. Only
 * the newest attempt of a session can; the one before it shows how many databases refuse where all of them do.
 *
 * @param known all attempts of the address, oldest first
 */
export function isPartOfSuccess(attempt: Attempt, known: readonly Attempt[], success: Sighting): boolean {
  const age = success.time - Math.max(attempt.sighting.time, ...attempt.voices.map(({ time }) => time));
  if (age < ANSWER_DELAY) return true;
  const { session } = attempt;
  const ofSession = session === null ? [attempt] : known.filter((one) => one.session === session);
  if (ofSession.at(-1) !== attempt) return false;
  const before = ofSession.at(-2);
  if (before !== undefined) return attempt.voices.length < before.voices.length;
  return refusals(attempt) <= 1 && age < SLOW_SUCCESS;
}

function refusals({ voices }: Attempt): number {
  return voices.filter(({ refused }) => refused).length;
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

/** Whether a server line says how many attempts its session had; one that does not stands for one of them at least. */
export function countsSession({ session, attempts, span }: Sighting): boolean {
  return session !== null && (attempts > 1 || span > 0);
}

/** So many of the attempts. The server names one login, the last; what agrees with it comes first. */
export function choose(candidates: readonly Attempt[], sighting: Sighting, count: number): Attempt[] {
  const agreeing = candidates.filter((attempt) => isSameLogin(attempt.login, sighting.login));
  const chosen = new Set([...new Set([...agreeing, ...candidates])].slice(0, count));
  return candidates.filter((attempt) => chosen.has(attempt));
}

/** Layers write a login differently: cut short, with or without its domain, odd characters as question marks. */
function isSameLogin(one: string | null, other: string | null): boolean {
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
