/** A judge that is too slow for anything but tests: it keeps every failure and looks at every window. */
import type { JudgeSettings, LimitSetting } from '../../src/core/settings.ts';
import { normalLogin, subjectKey, subjectOf } from '../../src/core/subject.ts';
import type { Event, FailureKind, Millis } from '../../src/core/types.ts';

export interface NaiveBan {
  readonly key: string;
  readonly since: Millis;
  readonly until: Millis | null;
  readonly offence: number;
}

export class NaiveJudge {
  readonly #settings: JudgeSettings;
  readonly #failures: { key: string; kind: FailureKind; time: Millis }[] = [];
  readonly #lastBans = new Map<string, NaiveBan>();

  constructor(settings: JudgeSettings) {
    this.#settings = settings;
  }

  /** The bans that the event leads to. */
  handle(event: Event, now: Millis): NaiveBan[] {
    if (event.kind === 'success' || event.kind === 'request') return [];
    const { kind } = event;
    const time = Math.min(event.time, now);
    return this.#subjects(event, kind).flatMap(([key, limit]) => {
      const last = this.#lastBans.get(key);
      if (last !== undefined && (last.until === null || time < last.until)) return [];
      this.#failures.push({ key, kind, time });
      const to = this.#fullAt(key, kind, time, limit);
      if (to === null) return [];
      const ban = this.#ban(key, to, limit);
      this.#lastBans.set(key, ban);
      const kept = this.#failures.filter((one) => one.key !== key || (ban.until !== null && one.time >= ban.until));
      this.#failures.splice(0, this.#failures.length, ...kept);
      return [ban];
    });
  }

  #subjects(event: Event, kind: FailureKind): [string, LimitSetting][] {
    const { limits, loginLimit, ipv6Prefix } = this.#settings;
    const limit = limits[kind];
    const found: [string, LimitSetting][] = [];
    if (limit !== null) found.push([subjectKey(subjectOf(event.ip, ipv6Prefix)), limit]);
    const login = normalLogin(event.login ?? '');
    if (loginLimit !== null && kind === 'authentication' && login !== '') found.push([`login:${login}`, loginLimit]);
    return found;
  }

  /** The end of the first full window that holds `time`; null where none is full. */
  #fullAt(key: string, kind: FailureKind, time: Millis, limit: LimitSetting): Millis | null {
    const times = this.#failures
      .filter((one) => one.key === key && one.kind === kind)
      .map((one) => one.time)
      .sort((a, b) => a - b);
    for (const [index, first] of times.entries()) {
      const last = times[index + limit.count - 1];
      if (last !== undefined && first <= time && time <= last && last - first < limit.period) return last;
    }
    return null;
  }

  #ban(key: string, since: Millis, limit: LimitSetting): NaiveBan {
    const { banTime, increment } = this.#settings;
    const last = this.#lastBans.get(key);
    const isRepeated =
      increment !== null && last !== undefined && since - (last.until ?? since) <= increment.forgetAfter;
    const offence = isRepeated ? last.offence + 1 : 1;
    const base = limit.banTime === undefined ? banTime : limit.banTime;
    let length = base;
    if (base !== null && increment !== null)
      length = Math.max(base, Math.min(base * increment.factor ** (offence - 1), increment.max));
    return { key, since, until: length === null ? null : since + length, offence };
  }
}
