/** The contract between the daemon and the endpoints that mail servers ask before they let somebody in. */
import type { Address } from '../core/ip.ts';
import type { Answer, Question } from '../core/verdict.ts';

/** A server tells how a login went. */
export interface LoginReport {
  /** Who tells: stands in for the filter that reads a log. */
  readonly reporter: string;
  /** Refused is what we refused ourselves: what its logs tell of that is no failure. */
  readonly outcome: 'success' | 'failure' | 'refused';
  readonly ip: Address;
  /** Null where the client gave none. */
  readonly login: string | null;
  /** The server's session id; null where it has none. */
  readonly session: string | null;
  /** What tells one password from another, never the password itself; null where the server does not say. */
  readonly password: string | null;
}

/** What a gate may ask the daemon. */
export interface Gatekeeper {
  ask(question: Question): Answer;
  /** The gate has refused: what the server then logs as a failure is not to count. */
  refused(question: Question): void;
  /** It is an event, as if a log told of it; if a log does too, it counts once. */
  reported(report: LoginReport): void;
}

export interface Gate {
  /** Such as `Dovecot auth policy`. */
  readonly name: string;
  /** Where it listens, as an admin writes it. */
  readonly address: string;
  /** Whether locked logins are refused at the login itself, so that what fails there is our own doing. */
  readonly refusesLogins: boolean;
  /** @throws Error where it cannot listen. */
  start(): Promise<void>;
  stop(): Promise<void>;
}
