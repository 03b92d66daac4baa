/**
 * One configuration on trial: the daemon's own judge goes over the events of old logs, its bans take effect, and what they
 * would have done is written down. An address that is banned cannot fail any more, so what it did then is counted as
 * stopped and not judged; bans of logins are recorded, as the daemon does it, and stop nobody.
 */
import type { Config } from '../config/config.ts';
import { AllowList } from '../core/allow-list.ts';
import { type Address, type Network, parseNetwork } from '../core/ip.ts';
import { Judge } from '../core/judge.ts';
import { subjectKey } from '../core/subject.ts';
import { type LoginTarget, Targets } from '../core/targets.ts';
import type { Ban, Event, FailureKind, Millis, Subject } from '../core/types.ts';
import type { Count } from '../core/verdict.ts';
import { alwaysAllowed } from '../daemon/rules.ts';
import { Dossier, Dossiers } from './dossier.ts';

export interface TrialOptions {
  /** Bans keep the lines that led to them. */
  readonly keepEvidence: boolean;
}

/** So many addresses, prefixes and logins are remembered, besides the banned ones. */
const MAX_DOSSIERS = 200_000;
/** So many bans are written down; further ones are only counted. */
const MAX_BANS = 200_000;
/** So many of them with the lines that led to them. */
const MAX_WITH_EVIDENCE = 20_000;

export class Trial {
  readonly config: Config;
  /** All bans, also those that were not written down. */
  banCount = 0;
  /** Bans that there was no room for. */
  unrecorded = 0;
  /** Failures that bans of addresses would have stopped. */
  stopped = 0;
  /** Failures of addresses that are never banned. */
  allowed = 0;
  readonly #judge: Judge;
  readonly #targets: Targets;
  readonly #options: TrialOptions;
  readonly #dossiers = new Dossiers(MAX_DOSSIERS);

  constructor(config: Config, options: TrialOptions) {
    this.config = config;
    this.#options = options;
    this.#judge = new Judge(config);
    const allowed = neverBanned(config);
    this.#judge.allow(allowed, 0);
    this.#targets = new Targets(config, new AllowList(allowed));
  }

  /** Who would have been banned, by the key of the subject, in the order of their first bans. */
  get banned(): ReadonlyMap<string, Dossier> {
    return this.#dossiers.banned;
  }

  /** How many subjects that logged in with success had to be forgotten. */
  get forgotten(): number {
    return this.#dossiers.forgotten;
  }

  /** Judges one event; `now` is the time of the logs. True where a ban would have stopped it. */
  handle(event: Event, now: Millis): boolean {
    const { kind, time } = event;
    if (kind === 'request') return false;
    const host = this.#host(event.ip);
    const target = event.login === null ? null : this.#targets.ofLogin(event.login);
    const name = target?.subject.login ?? null;
    const record = host.inForce(time);
    if (kind === 'success') {
      host.succeed(name, time);
      if (target !== null) this.#login(target).succeed(event.ip, time);
      if (record === null) this.#judge.handle(event, now);
      return false;
    }
    if (host.isAllowed) {
      this.allowed++;
      return false;
    }
    const { limits, loginLimit } = this.config;
    const login = kind === 'authentication' && target !== null && loginLimit !== null ? this.#login(target) : null;
    host.press(kind, time);
    login?.press(kind, time);
    if (record !== null) {
      record.stopped++;
      this.stopped++;
      return true;
    }
    if (kind === 'authentication') {
      if (limits.authentication !== null) host.fail(name, time, limits.authentication.period);
      if (login !== null && loginLimit !== null) failLogin(login, event, loginLimit.period);
    }
    this.#judgeFailure(event, kind, now);
    return false;
  }

  /** From time to time: ends bans that are over, and drops what only a store would want to know. */
  settle(now: Millis): void {
    this.#judge.expire(now);
    this.#judge.changedCounters.stored();
    this.#judge.takeChangedEvidence();
    this.#judge.knownGood.takeChanged();
  }

  #judgeFailure(event: Event, kind: FailureKind, now: Millis): void {
    const verdict = this.#judge.handle(event, now);
    if (verdict.type === 'ignored') return;
    for (const { subject, count, limit } of verdict.counts) {
      if (count !== limit.count - 1) continue;
      const key = subjectKey(subject);
      const row = this.#judge.counters(key).find((one) => one.kind === kind);
      this.#dossier(key, subject).expectBan(kind, row?.times ?? []);
    }
    if (verdict.type === 'counted') return;
    for (const ban of verdict.bans) this.#record(ban, kind, event.time, verdict.counts);
  }

  /** Of an address, or of the prefix that it counts as. */
  #host(ip: Address): Dossier {
    const { allowed, target } = this.#targets.ofAddress(ip);
    return this.#dossier(target.key, target.subject, allowed !== null);
  }

  #login({ key, subject }: LoginTarget): Dossier {
    return this.#dossier(key, subject);
  }

  /** Addresses of one prefix are all allowed or none of them: else the judge counts each by itself. */
  #dossier(key: string, subject: Subject, isAllowed = false): Dossier {
    return this.#dossiers.get(key) ?? this.#dossiers.add(key, new Dossier(subject, isAllowed));
  }

  #record(ban: Ban, kind: FailureKind, time: Millis, counts: readonly Count[]): void {
    this.banCount++;
    if (this.banCount - this.unrecorded > MAX_BANS) {
      this.unrecorded++;
      return;
    }
    const keepsEvidence = this.#options.keepEvidence && this.banCount <= MAX_WITH_EVIDENCE;
    const key = subjectKey(ban.subject);
    const dossier = this.#dossier(key, ban.subject);
    this.#dossiers.banned.set(key, dossier);
    dossier.ban(keepsEvidence ? ban : { ...ban, evidence: [] }, kind);
    // There are bans that no limit led to.
    const limit = counts.find(({ subject }) => subjectKey(subject) === key)?.limit;
    if (limit !== undefined) dossier.track(kind, limit, time);
  }
}

/** Not stopped, although it may fall into a ban of the login: nothing carries such a ban out. */
function failLogin(login: Dossier, { ip, time }: Event, period: Millis): void {
  const record = login.inForce(time);
  if (record !== null) record.stopped++;
  login.fail(ip, time, period);
}

/** The addresses of this host are not those of the host of the logs: of its own, only loopback is known. */
function neverBanned(config: Config): (readonly [Network, string])[] {
  const loopback = ['127.0.0.0/8', '::1'].flatMap((text) => parseNetwork(text) ?? []);
  return alwaysAllowed(
    config,
    loopback.map((network) => [network, 'loopback']),
  );
}
