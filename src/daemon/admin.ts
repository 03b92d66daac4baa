/** What an admin asks for: put to the judge, then stored and carried out by the guard. */
import type { RestoreAnswer, RestoreRequest } from '../api/backup.ts';
import {
  type AllowRequest,
  type BanRequest,
  type BanView,
  type DisallowRequest,
  type DistrustRequest,
  type ExplainRequest,
  type ImportRequest,
  Refusal,
  type SubjectView,
  type UnbanRequest,
} from '../api/contract.ts';
import { contains, parseAddress, parseNetwork } from '../core/ip.ts';
import { banLength } from '../core/sentence.ts';
import { subjectKey } from '../core/subject.ts';
import type { Change, Millis, Subject } from '../core/types.ts';
import type { Store } from '../store/store.ts';
import { banView, explainSubject, nameOf } from './explanation.ts';
import type { Guard, GuardOptions } from './guard.ts';
import { findSubject, notBanned, readNetwork, readSubject, subjectsOf } from './subjects.ts';
import { takeOver } from './takeover.ts';

export interface AdminOptions extends GuardOptions {
  readonly store: Store;
  /** How long a ban by hand lasts where nothing is said. */
  readonly banTime: () => Millis | null;
}

export class Admin {
  readonly #options: AdminOptions;
  readonly #guard: Guard;

  constructor(options: AdminOptions, guard: Guard) {
    this.#options = options;
    this.#guard = guard;
  }

  bans(): BanView[] {
    return [...this.#options.judge.activeBans()].map(banView);
  }

  async ban(request: BanRequest): Promise<BanView> {
    const { judge, banTime } = this.#options;
    const subject = readSubject(request.subject, judge);
    if (!request.force) this.#refuse(subject, request.from);
    const duration = request.duration === undefined ? banTime() : request.duration;
    const ban = judge.ban(
      { subject, duration, reason: request.reason ?? 'by hand', cause: 'manual' },
      this.#options.now(),
    );
    this.#options.log.info(
      { subject: subjectKey(subject) },
      `banned ${subjectKey(subject)} ${banLength(ban)}${request.reason === undefined ? '' : ' by hand'}: ${ban.reason}`,
    );
    await this.#guard.carryOut([{ type: 'ban', ban }]);
    return banView(ban);
  }

  async unban(request: UnbanRequest): Promise<string[]> {
    const { judge, now, log } = this.#options;
    const freed =
      'all' in request
        ? judge.unbanAll(now())
        : subjectsOf(request.subject, judge).flatMap((subject) => judge.unban(subject, now()));
    if (freed.length === 0 && 'subject' in request) throw notBanned(request.subject, judge);
    const keys = freed.map(subjectKey);
    log.info(
      { subjects: keys.length },
      `unbanned ${keys.length > 5 ? `${keys.length} subjects` : keys.join(', ')} by hand`,
    );
    await this.#guard.carryOut(freed.map((subject) => ({ type: 'unban', subject })));
    return keys;
  }

  explain(request: ExplainRequest): SubjectView {
    const { judge, store, now } = this.#options;
    return explainSubject(readSubject(request.subject, judge), { asked: request.subject, judge, store, now: now() });
  }

  async allow(request: AllowRequest): Promise<string[]> {
    const { store, now, log } = this.#options;
    const network = readNetwork(request.network);
    store.allow(network, request.note, now());
    log.info({ network }, `allowed ${network} by hand`);
    return this.#guard.refreshAllowed();
  }

  async disallow(request: DisallowRequest): Promise<void> {
    const network = readNetwork(request.network);
    if (!this.#options.store.disallow(network)) {
      const fixed = this.#options.alwaysAllowed().find(([other]) => other === network);
      if (fixed)
        throw new Refusal(
          409,
          `${network} is allowed for another reason: ${fixed[1]}`,
          'What the configuration allows is taken out there',
        );
      throw new Refusal(404, `${network} is not on the allow-list`, 'tailban allow --list shows it');
    }
    this.#options.log.info({ network }, `took ${network} off the allow-list by hand`);
    await this.#guard.refreshAllowed();
  }

  async distrust({ login, network }: DistrustRequest): Promise<string[]> {
    const { judge, log } = this.#options;
    const subject = readSubject(`login:${login}`, judge);
    const name = nameOf(subject);
    const gone = judge.distrust(name, network === undefined ? null : readNetwork(network));
    if (gone.length === 0)
      throw new Refusal(
        404,
        `The login ${name} has never worked from ${network ?? 'anywhere'}, as far as is known`,
        `tailban explain --login ${name} shows from where it has`,
      );
    log.info({ subject: subjectKey(subject) }, `forgot by hand that ${name} works from ${gone.length} networks`);
    this.#guard.checkpoint();
    // Enforcers that know from where its owner is let in are told anew.
    const lock = judge.activeBan(subject);
    if (lock !== undefined) await this.#guard.tellAgain(lock);
    return gone;
  }

  async import(request: ImportRequest): Promise<{ imported: number; skipped: string[] }> {
    const { judge, now } = this.#options;
    const skipped: string[] = [];
    const changes: Change[] = [];
    for (const { subject: text, until, reason } of request.bans) {
      const subject = findSubject(text, judge);
      const allowed = subject === null ? null : judge.allowedWithin(subject);
      if (subject === null) skipped.push(`${text} is no address, network or login`);
      else if (allowed !== null) skipped.push(`${text} is allowed: ${allowed}`);
      else if (until !== null && until <= now()) skipped.push(`${text}: the ban is over`);
      else if (judge.activeBan(subject) !== undefined) skipped.push(`${text} is banned already`);
      else {
        const duration = until === null ? null : until - now();
        changes.push({ type: 'ban', ban: judge.ban({ subject, duration, reason, cause: 'imported' }, now()) });
      }
    }
    await this.#guard.carryOut(changes);
    return { imported: changes.length, skipped };
  }

  async restore(request: RestoreRequest): Promise<RestoreAnswer> {
    const { changes, ...answer } = takeOver(request, this.#options);
    const { allowed, history, bans, knownGood } = answer;
    const taken = [
      [bans, 'bans'],
      [history, 'past bans'],
      [allowed, 'allowed networks'],
      [knownGood, 'known networks of logins'],
    ] as const;
    const parts = taken.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    if (parts.length > 0) this.#options.log.info(`took over out of a backup: ${parts.join(', ')}`);
    await this.#guard.carryOut(changes);
    this.#guard.checkpoint();
    if (allowed > 0) await this.#guard.refreshAllowed();
    return answer;
  }

  #refuse(subject: Subject, from: string | undefined): void {
    const allowed = this.#options.judge.allowedWithin(subject);
    const key = subjectKey(subject);
    if (allowed !== null)
      throw new Refusal(409, `${key} is allowed: ${allowed}`, 'tailban ban --force bans it all the same');
    const admin = from === undefined ? null : parseAddress(from);
    const target = subject.type === 'login' ? null : parseNetwork(key);
    if (admin === null || target === null || !contains(target, admin)) return;
    throw new Refusal(
      409,
      `You are logged in from ${admin}, which ${key} would lock out`,
      'tailban ban --force bans it all the same',
    );
  }
}
