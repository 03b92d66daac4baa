/**
 * What the API offers: the requests with their checks, the answers, and `Control`, which the daemon implements and the
 * server calls. The CLI uses the same types through the client.
 */
import * as z from 'zod/mini';
import type { NameChange } from '../core/login-names.ts';
import type { BanCause, FailureKind, Kind, Limit, LoginHandling, Millis, RateName } from '../core/types.ts';
import type { RestoreAnswer, RestoreRequest } from './backup.ts';

/** In characters: a login in a log line may be as long as the line, and who is banned by that name is to be unbanned by it. */
export const LONGEST_SUBJECT = 20_000;
/** An address, a network, or `login:NAME`. */
const SUBJECT = z.string().check(z.minLength(1), z.maxLength(LONGEST_SUBJECT));

export const BAN_REQUEST = z.strictObject({
  subject: SUBJECT,
  /** Milliseconds; null means permanent; left out means the configured ban time. */
  duration: z.optional(z.nullable(z.int().check(z.positive()))),
  reason: z.optional(z.string().check(z.maxLength(500))),
  /** Ban even what is allowed, or the address that the admin comes from. */
  force: z._default(z.boolean(), false),
  /** The address that the admin is logged in from, where known. */
  from: z.optional(z.string().check(z.maxLength(100))),
});
export type BanRequest = z.infer<typeof BAN_REQUEST>;

export const UNBAN_REQUEST = z.union([z.strictObject({ subject: SUBJECT }), z.strictObject({ all: z.literal(true) })]);
export type UnbanRequest = z.infer<typeof UNBAN_REQUEST>;

export const ALLOW_REQUEST = z.strictObject({
  network: z.string().check(z.minLength(1), z.maxLength(100)),
  note: z._default(z.string().check(z.maxLength(500)), ''),
});
export type AllowRequest = z.infer<typeof ALLOW_REQUEST>;

export const DISALLOW_REQUEST = z.strictObject({ network: z.string().check(z.minLength(1), z.maxLength(100)) });
export type DisallowRequest = z.infer<typeof DISALLOW_REQUEST>;

export const DISTRUST_REQUEST = z.strictObject({
  login: z.string().check(z.minLength(1), z.maxLength(LONGEST_SUBJECT)),
  /** Left out: all networks. */
  network: z.optional(z.string().check(z.minLength(1), z.maxLength(100))),
});
export type DistrustRequest = z.infer<typeof DISTRUST_REQUEST>;

export const IMPORT_REQUEST = z.strictObject({
  bans: z
    .array(
      z.strictObject({
        subject: SUBJECT,
        /** Milliseconds since the epoch; null means permanent. */
        until: z.nullable(z.number()),
        reason: z._default(z.string().check(z.maxLength(500)), 'imported'),
      }),
    )
    .check(z.maxLength(1_000_000)),
});
export type ImportRequest = z.infer<typeof IMPORT_REQUEST>;

export const EXPLAIN_REQUEST = z.strictObject({ subject: SUBJECT });
export type ExplainRequest = z.infer<typeof EXPLAIN_REQUEST>;

/** A ban as people and programs read it. */
export interface BanView {
  readonly subject: string;
  readonly type: 'address' | 'network' | 'login';
  readonly cause: BanCause;
  readonly reason: string;
  readonly since: Millis;
  /** Null means permanent. */
  readonly until: Millis | null;
  readonly offence: number;
  readonly evidence: readonly string[];
  /** Only seen behind a proxy, so no firewall knows it. */
  readonly behindProxy?: true;
}

/** The answer to `GET /bans`: what is in force, and the daemon's clock, by which times are told relative to now. */
export interface BanList {
  readonly now: Millis;
  readonly bans: readonly BanView[];
}

/** A ban that is over or was replaced, or the one in force, as the database has it. */
export interface PastBanView extends BanView {
  /** Null while it holds. */
  readonly endedAt: Millis | null;
  readonly ended: 'expired' | 'unbanned' | 'replaced' | null;
}

/** How close somebody is to one limit. */
export interface StandingView {
  readonly kind: FailureKind;
  readonly limit: Limit;
  /** How long the next ban would last, repeat offences considered; null means permanent. */
  readonly banTime: Millis | null;
  /** The failures inside the window that ends now. */
  readonly count: number;
  /** When the oldest of them falls out of the window; null without any. */
  readonly oldestLeaves: Millis | null;
}

/** The answer to `GET /explain`: everything that is known of an address, a network or a login. */
export interface SubjectView {
  readonly now: Millis;
  readonly subject: string;
  readonly type: BanView['type'];
  /** Whom failures count against: an IPv6 address counts as its prefix. Null for a network that nothing counts against. */
  readonly countedAs: string | null;
  /** Null for what is no login. */
  readonly login: LoginView | null;
  /** Why it is never banned, or for a network why not as a whole. */
  readonly allowed: string | null;
  /** In force and covering all of it: its own ban first, then those of ever larger networks. */
  readonly bans: readonly BanView[];
  /** Of a network: the bans inside it, the newest first, at most 20. */
  readonly within: readonly BanView[];
  readonly withinCount: number;
  /** For every limit that is not off; none for what nothing counts against. */
  readonly standing: readonly StandingView[];
  /** The rates that it has been counted in of late. */
  readonly rates: readonly RateView[];
  /** HTTP requests and uploads that run now. */
  readonly running: { readonly requests: number; readonly uploads: number };
  /** The last lines that counted, oldest first. */
  readonly evidence: readonly string[];
  /** The last bans of who is counted, the newest first, at most 20. */
  readonly history: readonly PastBanView[];
}

/** What is known of a login beside its failures. */
export interface LoginView {
  /** What was asked for, where the login has another name. */
  readonly asked: string | null;
  readonly changes: readonly NameChange[];
  /** Networks from which it worked, and when last; the latest first, at most 20. */
  readonly knownGood: readonly { readonly network: string; readonly last: Millis }[];
  readonly knownGoodCount: number;
}

export interface AllowedView {
  readonly network: string;
  /** Why: `own address`, `default gateway`, `configuration`, `loopback`, or the note of `tailban allow`. */
  readonly why: string;
  /** Null for entries that come from the host or the configuration. */
  readonly since: Millis | null;
}

export interface Status {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: Millis;
  readonly now: Millis;
  readonly configFile: string | null;
  /** Read behind it. */
  readonly dropIns: readonly string[];
  readonly dryRun: boolean;
  readonly bans: {
    readonly active: number;
    readonly addresses: number;
    readonly networks: number;
    readonly logins: number;
  };
  readonly subjects: number;
  readonly lines: number;
  readonly events: Readonly<Record<Kind, number>>;
  readonly limits: readonly { readonly kind: string; readonly limit: Limit | null; readonly banTime: Millis | null }[];
  readonly sources: readonly SourceView[];
  readonly enforcers: readonly {
    readonly name: string;
    readonly pending: number;
    readonly failingSince: Millis | null;
    readonly problem: string | null;
    /** What it does with locked logins; null where it does nothing. */
    readonly logins: LoginHandling | null;
  }[];
  /** What servers ask. */
  readonly gates: readonly {
    readonly name: string;
    readonly address: string;
    readonly listening: boolean;
    /** Whether it refuses locked logins where they log in, except for their owners. */
    readonly refusesLogins: boolean;
  }[];
  /** Who is told of what happens, and how that goes. */
  readonly notifiers: readonly NotifierView[];
  /** What may only happen so often: who is over a rate now, who is counted, and what runs. */
  readonly rates: RatesView;
  /** Whether anything carries out the ban of a login. */
  readonly loginsEnforced: boolean;
  /** How many pairs of a login and a network are known to be good. */
  readonly knownGood: number;
  readonly lastCheckpoint: Millis | null;
  /** What an admin should know about, such as a source that cannot be read. */
  readonly problems: readonly string[];
}

export interface SourceView {
  readonly name: string;
  readonly state: string;
  readonly problem: string | null;
  readonly filters: readonly string[];
  readonly lines: number;
  /** How many of them were too long and have been read only in part. */
  readonly cut: number;
  readonly events: number;
  readonly lastEvent: Millis | null;
  readonly origins: readonly { readonly origin: string; readonly offset: number; readonly size: number }[];
}

export interface NotifierView {
  readonly name: string;
  /** Events that have not been sent yet. */
  readonly waiting: number;
  readonly failingSince: Millis | null;
  /** Why the last try failed; null while it works. */
  readonly problem: string | null;
}

export interface RatesView {
  readonly rates: readonly { readonly name: RateName; readonly limit: Limit | null }[];
  /** Subjects that are remembered, and how many there may be. */
  readonly subjects: number;
  readonly most: number;
  /** How many were not counted because everybody who is remembered is over a rate. */
  readonly overflow: number;
  /** Requests that have been let through and have not ended yet. */
  readonly running: number;
  /** How many of one account may run at the same time. */
  readonly atOnce: { readonly requests: number; readonly uploads: number };
  /** At most 20 of those who are over a rate. */
  readonly limited: readonly LimitedView[];
  readonly limitedCount: number;
}

export interface LimitedView {
  readonly subject: string;
  readonly rate: RateName;
  readonly limit: Limit;
  /** When there is room again. */
  readonly freeAt: Millis;
}

/** Where somebody stands in one rate. */
export interface RateView {
  readonly name: RateName;
  readonly limit: Limit;
  readonly remaining: number;
  /** When there is room for one more; in the past where there is some. */
  readonly freeAt: Millis;
}

/** A request that cannot be carried out: the HTTP status, and what to say to the admin. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: 400 | 404 | 409 | 422;
  readonly hint: string;

  constructor(status: 400 | 404 | 409 | 422, message: string, hint = '') {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

/** The daemon, as the API sees it. Every method may throw a `Refusal`. */
export interface Control {
  status(): Status;
  bans(): readonly BanView[];
  explain(request: ExplainRequest): SubjectView;
  /** Resolves when the enforcers have carried it out. */
  ban(request: BanRequest): Promise<BanView>;
  /** The subjects that are free now. A subject that was neither banned nor counted is a 404. */
  unban(request: UnbanRequest): Promise<readonly string[]>;
  allowed(): readonly AllowedView[];
  /** The bans that this lifted. */
  allow(request: AllowRequest): Promise<readonly string[]>;
  disallow(request: DisallowRequest): Promise<void>;
  /** Reads configuration and filters again; what changed. A configuration that is wrong is a 422 and changes nothing. */
  reload(): Promise<{ readonly changes: readonly string[]; readonly notes: readonly string[] }>;
  /** The effective configuration as commented TOML. */
  config(): string;
  /** Forgets from where a login has worked; the networks. None to forget is a 404. */
  distrust(request: DistrustRequest): Promise<readonly string[]>;
  import(request: ImportRequest): Promise<{ readonly imported: number; readonly skipped: readonly string[] }>;
  /** Takes over bans as they are, and what goes with them. */
  restore(request: RestoreRequest): Promise<RestoreAnswer>;
}
