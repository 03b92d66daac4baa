/**
 * The judge's rules for what may only happen so often, and so many times at once: HTTP requests, told by access logs
 * afterwards or asked about before they are served, and attempts to log in. One counter for both.
 */
import { formatRate } from './duration.ts';
import { clientAddress } from './forwarded.ts';
import { contains } from './ip.ts';
import type { Ledger } from './ledger.ts';
import { Overlaps } from './overlaps.ts';
import { type PathRules, pathRules } from './paths.ts';
import { Rates } from './rates.ts';
import { RecentMap } from './recent.ts';
import { keyOf, partsOf, ratesOf, type Use, useOf, usesOf } from './request-uses.ts';
import type { RequestSettings } from './settings.ts';
import { Slots } from './slots.ts';
import type { LoginTarget, Peer, Target } from './targets.ts';
import type { Ban, Event, Limit, Millis, RateName, RequestInfo } from './types.ts';
import type { Admission, Limited, RateState, Request, Verdict } from './verdict.ts';

/** An event, and whether its address is known from a proxy only. */
export interface Seen {
  readonly event: Event;
  readonly behindProxy: boolean;
}

/** When something happened, and what tells of it. */
interface Told {
  readonly time: Millis;
  readonly now: Millis;
  readonly evidence: readonly string[];
  readonly behindProxy: boolean;
}

const HTTP_BAD_REQUEST = 400;
const HTTP_UNAUTHORIZED = 401;
const HTTP_FORBIDDEN = 403;
const HTTP_TOO_MANY_REQUESTS = 429;

const ESCALATE = 'escalate';
const UPLOADS = 'uploads';
const REQUESTS = 'requests';

/** A line follows its request at once. */
const MOST_REFUSED = 10_000;

/** A ban that ends before an enforcer could carry it out is none. */
const SHORTEST_BAN: Millis = 1_000;

export class RequestDesk {
  readonly #ledger: Ledger;
  #settings: RequestSettings;
  #paths: PathRules;
  readonly #rates: Rates;
  readonly #slots: Slots;
  /** The ids of requests that were refused of late: their lines tell of nothing but our own doing. */
  readonly #refused = new RecentMap<string, null>();
  readonly #overlaps = new Overlaps();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#settings = ledger.settings.requests;
    this.#rates = new Rates(this.#settings.cacheSize);
    this.#slots = new Slots(this.#settings.lease);
    this.#paths = pathRules(this.#settings);
  }

  configure(settings: RequestSettings): void {
    this.#rates.max = settings.cacheSize;
    this.#slots.lease = settings.lease;
    this.#settings = settings;
    this.#paths = pathRules(settings);
  }

  get size(): number {
    return this.#rates.size;
  }

  /** Requests that have been let through and have not ended yet. */
  get underway(): number {
    return this.#slots.size;
  }

  /** Requests are let through whose ends nobody tells, so that nobody is refused for what runs at once. */
  get isBlind(): boolean {
    return this.#slots.isBlind;
  }

  /** How many were not counted because everybody who is remembered is over a rate. */
  get overflow(): number {
    return this.#rates.overflow;
  }

  /** The event as one of the client behind trusted proxies, where one of those asked for it. */
  seenThrough(event: Event): Seen {
    const { useForwarded, forwardedHeader, trustedProxies } = this.#settings;
    const { forwarded } = event;
    if (forwarded === undefined || !useForwarded) return { event, behindProxy: false };
    const { address, behindProxy } = clientAddress(
      event.ip,
      forwarded,
      (one) => trustedProxies.some((network) => contains(network, one)),
      forwardedHeader,
    );
    return { event: behindProxy ? { ...event, ip: address } : event, behindProxy };
  }

  /** An access log tells of a request that has been served. */
  logged(seen: Seen, request: RequestInfo, peer: Peer, login: LoginTarget | null, now: Millis): Verdict {
    const { event } = seen;
    const { id, path, status } = request;
    const wasAsked = this.#slots.end({ id, from: event.ip, login: login?.subject.login ?? null });
    if (peer.allowed !== null) return { type: 'ignored', why: `${event.ip} is allowed: ${peer.allowed}` };
    if (!this.#paths.counts(path)) return { type: 'ignored', why: 'no request that is limited' };
    const told = toldBy(seen, now);
    if (status === HTTP_TOO_MANY_REQUESTS)
      return verdict(this.#settings.gated ? [] : this.#escalate(peer.target, told), 'it was refused');
    const hasTried = login !== null || request.credentials === true || this.#paths.isLogin(path);
    const isDenied =
      hasTried && (status === HTTP_UNAUTHORIZED || (status === HTTP_FORBIDDEN && this.#paths.isLogin(path)));
    // A request that was asked about has been counted; only whether its credentials were right is news.
    if (wasAsked && !isDenied) return { type: 'ignored', why: 'it was counted when it began' };
    // Of tokens no log tells whose they are: where one may have come, the address has the room of an account.
    const isNobody = !(request.credentials ?? (status === null || status < HTTP_BAD_REQUEST));
    const credentials = login === null && !isNobody ? peer.target.key : null;
    const one = { path, isDenied, peer: peer.target, login, credentials };
    const uses = usesOf(one, this.#settings, this.#paths);
    const bans = uses.flatMap((use) => this.#count(use, told));
    if (login !== null && !isDenied) bans.push(...this.#crowd(login, request, told));
    return verdict(bans, `counted as ${uses.map(({ name }) => name).join(' and ') || 'no'} request`);
  }

  /** A server has refused a request by a rate of its own, which is one more time over a rate. */
  refusedElsewhere(seen: Seen, { allowed, target }: Peer, now: Millis): Verdict {
    const bans = allowed === null ? this.#escalate(target, toldBy(seen, now)) : [];
    return verdict(bans, allowed === null ? 'the server refused it' : `${seen.event.ip} is allowed: ${allowed}`);
  }

  /**
   * A failed login has been counted: over the rate, its address is banned until the window has room again. It reads the
   * window of the limit, which knows each failure once, however late.
   */
  failed(target: Target, seen: Seen, now: Millis): Ban[] {
    const limit = this.#settings.authentication;
    if (limit === null) return [];
    const isCounted = this.#ledger.settings.limits.authentication !== null;
    const first = isCounted ? this.#ledger.windows.nthLast(target.key, 'authentication', limit.count) : null;
    if (isCounted && (first === null || first <= Math.min(seen.event.time, now) - limit.period)) return [];
    // The lines that have been counted are remembered as those of the limit.
    const told = { ...toldBy(seen, now), evidence: [] };
    const use = { name: 'authentication', limit, key: keyOf('authentication', target.key), target } as const;
    return first === null ? this.#count(use, told) : this.#refuse(use, first + limit.period, told);
  }

  /** An attempt to log in: counts, where there is room. Null where the rate is off; without room it must wait. */
  attempt(target: Target, now: Millis): RateState | null {
    const { authentication: limit, counts } = this.#settings;
    if (limit === null) return null;
    const state = this.#attempts(target.key, limit, now);
    if (state.remaining > 0 && counts === 'attempts') this.#rates.add(keyOf('authentication', target.key), limit, now);
    return state;
  }

  /** A request that was asked about is not let through. */
  refuse(id: string | null): void {
    if (id === null) return;
    this.#refused.set(id, null);
    this.#refused.trim(MOST_REFUSED);
  }

  /** Whether that is a request that we have refused; each is told of once. */
  takeRefusal(id: string | null): boolean {
    return id !== null && this.#refused.delete(id);
  }

  /** Somebody wants to be served: counts, and takes a slot, where there is room. */
  admit(request: Request, peer: Peer, login: LoginTarget | null, now: Millis): Admission {
    const { path, account, id, ip, behindProxy } = request;
    const credentials = account?.credentials ?? null;
    const one = { path, isDenied: false, peer: peer.target, login, credentials };
    const uses = usesOf(one, this.#settings, this.#paths);
    if (credentials !== null) uses.push(...this.#inventions(uses, peer.target, now));
    const failing = credentials === null ? undefined : this.#failuresOf(peer.target, now);
    const full = failing ?? uses.map((use) => this.#stateOf(use, now)).find(({ remaining }) => remaining === 0);
    if (full !== undefined) {
      const toBlame = full.name === 'account' && login !== null && credentials === null ? login : peer.target;
      const bans = this.#escalate(toBlame, { time: now, now, evidence: [], behindProxy });
      this.refuse(id);
      return { type: 'limited', rate: full, bans };
    }
    // Of a request without an id nobody can tell that it is over; one that is asked about twice, because it is redirected
    // within the web server, has its place already.
    const isKnown = id !== null && this.#slots.has(id);
    const slot =
      account === null || id === null || isKnown ? null : this.#slotOf(credentials ?? login?.key ?? ip, path);
    if (slot !== null && this.#slots.running(slot.key, now) >= slot.most && !this.#slots.isBlind) {
      this.refuse(id);
      return { type: 'busy', what: slot.what, most: slot.most };
    }
    const [rate = null] = uses.map((use): RateState => {
      const { name, limit, key } = use;
      return { name, limit, ...this.#rates.add(key, limit, now) };
    });
    const counted = slot === null ? [] : [slot.key];
    if (!isKnown) this.#slots.take({ id, from: ip, login: login?.subject.login ?? null, counted, since: now });
    return { type: 'admit', rate };
  }

  /** A request is over. Whether it was known. */
  ended(id: string): boolean {
    return this.#slots.end({ id, from: null, login: null });
  }

  /** Where a subject stands in each rate that it has been counted in. */
  standing(key: string, now: Millis): RateState[] {
    return ratesOf(this.#settings).flatMap(([name, limit]) => {
      if (limit === null) return [];
      const state =
        name === 'authentication'
          ? this.#attempts(key, limit, now)
          : { name, limit, ...this.#rates.room(keyOf(name, key), limit, now) };
      return state.nextLeaves === null ? [] : [state];
    });
  }

  /** How many requests and uploads of a subject run. */
  running(key: string, now: Millis): { readonly requests: number; readonly uploads: number } {
    return {
      requests: this.#slots.running(keyOf(REQUESTS, key), now),
      uploads: this.#slots.running(keyOf(UPLOADS, key), now),
    };
  }

  /** Who is over a rate now. */
  limited(now: Millis): Limited[] {
    const limits = new Map<string, Limit | null>(ratesOf(this.#settings));
    return [...this.#rates.full()].flatMap((key) => {
      const [name, subject] = partsOf(key);
      const limit = limits.get(name) ?? null;
      if (limit === null) return [];
      const { remaining, freeAt } = this.#rates.room(key, limit, now);
      return remaining > 0 ? [] : [{ rate: name as RateName, subject, limit, freeAt }];
    });
  }

  /** Whether there was anything to forget. */
  forget(key: string): boolean {
    const keys = [...ratesOf(this.#settings).map(([name]) => name), ESCALATE].map((name) => keyOf(name, key));
    return keys.map((one) => this.#rates.forget(one)).includes(true);
  }

  tidy(now: Millis): void {
    this.#rates.tidy(now);
    this.#slots.expire(now);
  }

  /** Attempts that were asked about, or the failures that logs tell of: whichever fills the window. */
  #attempts(key: string, limit: Limit, now: Millis): RateState {
    const name = 'authentication';
    const first = this.#ledger.windows.nthLast(key, name, limit.count);
    const freeAt = (first ?? Number.NEGATIVE_INFINITY) + limit.period;
    if (freeAt > now) return { name, limit, remaining: 0, freeAt, nextLeaves: freeAt };
    return { name, limit, ...this.#rates.room(keyOf(name, key), limit, now) };
  }

  /** Credentials that are new count against their address too: who invents them would else be somebody new each time. */
  #inventions(uses: readonly Use[], peer: Target, now: Millis): Use[] {
    const [own] = uses;
    if (own?.name !== 'account' || this.#stateOf(own, now).nextLeaves !== null) return [];
    return useOf('account', own.limit, peer.key, peer);
  }

  /** Too many wrong credentials of late: whoever sends more of them is to wait. */
  #failuresOf(target: Target, now: Millis): RateState | undefined {
    const { jmapAuthentication } = this.#settings;
    const [use] = useOf('jmap-authentication', jmapAuthentication, target.key, target);
    const state = use && this.#stateOf(use, now);
    return state?.remaining === 0 ? state : undefined;
  }

  #stateOf({ name, limit, key }: Use, now: Millis): RateState {
    return { name, limit, ...this.#rates.room(key, limit, now) };
  }

  /** Null where nothing is counted among what runs. */
  #slotOf(key: string, path: string): { key: string; what: 'requests' | 'uploads'; most: number } | null {
    const { concurrentRequests, concurrentUploads } = this.#settings;
    if (this.#paths.isStream(path)) return null;
    return this.#paths.isUpload(path)
      ? { key: keyOf(UPLOADS, key), what: 'uploads', most: concurrentUploads }
      : { key: keyOf(REQUESTS, key), what: 'requests', most: concurrentRequests };
  }

  /** Who runs more at once than he may, as told afterwards, is over a rate too; there is room again by then. */
  #crowd(login: LoginTarget, { path, duration }: RequestInfo, told: Told): Ban[] {
    if (duration === null) return [];
    const slot = this.#slotOf(login.key, path);
    if (slot === null) return [];
    const running = this.#overlaps.add(slot.key, { time: told.time, duration });
    return running > slot.most ? this.#escalate(login, told) : [];
  }

  #count(use: Use, told: Told): Ban[] {
    const room = this.#rates.add(use.key, use.limit, told.time, told.now);
    return room.remaining > 0 ? [] : this.#refuse(use, room.freeAt, told);
  }

  /** Bans until there is room again, and for longer where that has happened too often. */
  #refuse({ name, limit, target }: Use, until: Millis, told: Told): Ban[] {
    const { time, now, evidence, behindProxy } = told;
    if (until - now < SHORTEST_BAN || this.#ledger.banAt(target.key, now) !== null) return [];
    const escalated = this.#escalate(target, told);
    if (escalated.length > 0) return escalated;
    const { subject } = target;
    const reason = `the rate for ${name} is used up (${formatRate(limit)}), until there is room again`;
    return [this.#ledger.shortBan({ subject, since: time, until, reason, evidence, behindProxy }, now)];
  }

  /** Once more over a rate: a real ban where that is too often. */
  #escalate(target: Target, { time, now, evidence, behindProxy }: Told): Ban[] {
    const { escalate } = this.#settings;
    if (escalate === null || this.#ledger.inForce(target.key, now) !== null) return [];
    const key = keyOf(ESCALATE, target.key);
    if (this.#rates.add(key, escalate, time, now).remaining > 0) return [];
    this.#rates.forget(key);
    const duration = this.#ledger.duration(escalate, this.#ledger.offence(target.key, time));
    const reason = `over a rate limit too often (${formatRate(escalate)})`;
    const sentence = { subject: target.subject, since: time, duration, reason, evidence, behindProxy };
    return [this.#ledger.banFor({ ...sentence, cause: 'escalated' }, now)];
  }
}

function toldBy({ event, behindProxy }: Seen, now: Millis): Told {
  return { time: Math.min(event.time, now), now, evidence: [event.text], behindProxy };
}

function verdict(bans: readonly Ban[], why: string): Verdict {
  return bans.length > 0 ? { type: 'banned', counts: [], bans } : { type: 'ignored', why };
}
