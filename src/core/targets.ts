/** Whom a failure counts against. Worked out once for each address and login, since they come again and again. */
import type { AllowList } from './allow-list.ts';
import { type Address, addressWidth, type Network, networkOf } from './ip.ts';
import { canonicalLogin } from './login-names.ts';
import { Memo } from './memo.ts';
import type { JudgeSettings } from './settings.ts';
import { subjectKey, subjectOf } from './subject.ts';
import type { Subject } from './types.ts';

export interface Target {
  readonly subject: Subject;
  readonly key: string;
}

export interface LoginTarget extends Target {
  readonly subject: Extract<Subject, { type: 'login' }>;
}

/** What holds for all failures of an address, as long as the settings and the allow-list stay as they are. */
export interface Peer {
  /** Why the address is allowed, or null. */
  readonly allowed: string | null;
  readonly target: Target;
  /** The network that counts as one origin of logins. */
  readonly origin: Network;
}

/** So many addresses and logins are remembered, which is about 1 MB each. */
const REMEMBERED = 4_096;

export class Targets {
  readonly #settings: JudgeSettings;
  readonly #allowed: AllowList;
  readonly #peers = new Memo((address) => this.#peer(address as Address), REMEMBERED);
  readonly #logins = new Memo((name) => this.#login(name), REMEMBERED);

  constructor(settings: JudgeSettings, allowed: AllowList) {
    this.#settings = settings;
    this.#allowed = allowed;
  }

  ofAddress(address: Address): Peer {
    return this.#peers.of(address);
  }

  /** Null for a name of blanks alone. */
  ofLogin(name: string): LoginTarget | null {
    return this.#logins.of(name);
  }

  #peer(address: Address): Peer {
    const prefix = subjectOf(address, this.#settings.ipv6Prefix);
    // A prefix that holds somebody who is allowed is never banned as a whole.
    const mayBan = prefix.type === 'address' || this.#allowed.whyWithin(prefix) === null;
    const subject = mayBan ? prefix : subjectOf(address, 128);
    const { prefix4, prefix6 } = this.#settings.logins.knownGood;
    return {
      allowed: this.#allowed.why(address),
      target: { subject, key: subjectKey(subject) },
      origin: networkOf(address, addressWidth(address) === 32 ? prefix4 : prefix6),
    };
  }

  #login(name: string): LoginTarget | null {
    const login = canonicalLogin(name, this.#settings.logins.names);
    const subject = { type: 'login', login } as const;
    return login === '' ? null : { subject, key: subjectKey(subject) };
  }
}
