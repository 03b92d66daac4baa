/** The judge's rules for logins: who may try, what does not count, and whose failures are forgiven. */
import type { Address } from './ip.ts';
import type { Ledger } from './ledger.ts';
import { Logins } from './logins.ts';
import type { RequestDesk } from './request-desk.ts';
import type { LoginTarget, Peer, Targets } from './targets.ts';
import type { Ban, Event, Millis } from './types.ts';
import type { Answer, Question, Verdict } from './verdict.ts';

interface FailedLogin {
  readonly event: Event;
  readonly login: LoginTarget;
  readonly peer: Peer;
  /** The login has worked from there before. */
  readonly isOwner: boolean;
  readonly time: Millis;
}

export class LoginDesk {
  readonly #ledger: Ledger;
  readonly logins: Logins;

  readonly #requests: RequestDesk;

  constructor(ledger: Ledger, requests: RequestDesk) {
    this.#ledger = ledger;
    this.#requests = requests;
    this.logins = new Logins(ledger.settings.logins);
  }

  /** @see Judge.ask */
  ask({ ip, login, isAttempt = false }: Question, targets: Targets, now: Millis): Answer {
    const peer = ip === null ? null : targets.ofAddress(ip);
    if (peer !== null && peer.allowed !== null) return { type: 'allow', failures: 0 };
    const target = login === null ? null : targets.ofLogin(login);
    const ban = this.forbids(peer, ip, target, now);
    if (ban !== null) return { type: 'refuse', ban };
    if (isAttempt && peer !== null && !this.#isOwner(target, peer, now)) {
      const rate = this.#requests.attempt(peer.target, now);
      if (rate !== null && rate.remaining === 0) return { type: 'wait', rate };
    }
    const subjects = [peer?.target.subject, target?.subject].filter((subject) => subject !== undefined);
    const failures = subjects
      .flatMap((subject) => this.#ledger.standing(subject, now))
      .filter(({ kind }) => kind === 'authentication')
      .map(({ count }) => count);
    return { type: 'allow', failures: Math.max(0, ...failures) };
  }

  /** The ban in force that keeps somebody out: of the address, or of the login where it has never worked from there. */
  forbids(peer: Peer | null, ip: Address | null, login: LoginTarget | null, now: Millis): Ban | null {
    const ban = ip === null || peer === null ? null : this.#ledger.banOfAddress(ip, peer.target, now);
    if (ban !== null) return ban;
    const lock = login === null ? null : this.#ledger.banAt(login.key, now);
    return lock === null || this.#isOwner(login, peer, now) ? null : lock;
  }

  #isOwner(login: LoginTarget | null, peer: Peer | null, now: Millis): boolean {
    return login !== null && peer !== null && this.logins.isGood(login.subject.login, peer.origin, now);
  }

  /** @see Judge.refused */
  refused({ ip, login }: Question, targets: Targets, now: Millis): void {
    const target = login === null ? null : targets.ofLogin(login);
    if (target !== null && ip !== null) this.logins.refused(target.subject.login, ip, now);
  }

  /** What is to be done with a failed login that does not count like others; null for those that do. */
  failed({ event, login, peer, isOwner, time }: FailedLogin, now: Millis): Verdict | null {
    const { target } = peer;
    const { logins, limits } = this.#ledger.settings;
    const name = login.subject.login;
    if (this.logins.takeRefusal(name, event.ip, time)) return { type: 'ignored', why: 'we refused it ourselves' };
    const isRepeated =
      logins.distinct &&
      event.password !== undefined &&
      this.logins.isRepeated(name, target.key, event.password, time, limits.authentication?.period ?? 0);
    if (isRepeated) return { type: 'ignored', why: 'the same wrong password as before' };
    const lock = logins.enforced ? this.#ledger.banAt(login.key, time) : null;
    if (lock === null || (isOwner && logins.sparesOwners)) return null;
    if (
      isOwner ||
      !logins.banAttackers ||
      lock.cause === 'rate-limit' ||
      this.#ledger.covering(target.subject, target.key, event.ip, time) !== undefined
    )
      return { type: 'ignored', why: `${login.key} is locked, so the server refused it` };
    this.#ledger.evidence.add(target.key, event.text);
    const duration = this.#ledger.duration(limits.authentication, this.#ledger.offence(target.key, time));
    const reason = `tried the locked login ${name}, and never knew its password`;
    const ban = this.#ledger.banFor(
      { subject: target.subject, since: time, duration, cause: 'authentication', reason },
      now,
    );
    return { type: 'banned', counts: [], bans: [ban] };
  }

  /** A login from where it has worked before takes back the failures that its owner made there. */
  succeeded(login: LoginTarget, { origin }: Peer, time: Millis): void {
    const name = login.subject.login;
    // Whoever gets in while the login is locked, and never was there before, may have guessed the password.
    if (this.#ledger.inForce(login.key, time) !== null && !this.logins.isGood(name, origin, time)) return;
    const failures = this.logins.succeeded(name, origin, time);
    const times = failures.map((failure) => failure.time);
    if (times.length === 0) return;
    this.#ledger.windows.remove(login.key, 'authentication', times);
    for (const failure of failures) this.#ledger.windows.remove(failure.addressKey, 'authentication', [failure.time]);
  }
}
