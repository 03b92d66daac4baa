/**
 * Accounts of Stalwart up to 0.15, called principals there: one whose disabled permissions hold `authenticate` cannot be
 * used, although the password is still checked first.
 */
import { valueAt } from './block-list.ts';
import type { Client } from './client.ts';

export interface Account {
  readonly name: string;
  readonly isDisabled: boolean;
}

const FIELD = 'disabledPermissions';
const PERMISSION = 'authenticate';
/**
 * Names that no account has are not asked for: they come from attackers, and must neither break an address line nor
 * change its meaning, as `..` does.
 */
const POSSIBLE = /^(?!\.{1,2}$)[^\0-\x20\x7f]{1,254}$/;

export class Accounts {
  readonly #client: Client;
  readonly #defaultDomain: string | null;

  constructor(client: Client, defaultDomain: string | null) {
    this.#client = client;
    this.#defaultDomain = defaultDomain;
  }

  /**
   * The account of a login: the one of that name, else the one with that mail address, else the one of that name without
   * the default domain. Null where there is none, and for what is no person: disabling the API key that we use would lock
   * ourselves out.
   */
  async find(login: string): Promise<Account | null> {
    if (!POSSIBLE.test(login)) return null;
    const found = await this.#read(login);
    if (found !== null) return accountOf(found);
    if (!login.includes('@')) return null;
    const answer = await this.#client.find(
      `/api/principal?types=individual&limit=100&filter=${encodeURIComponent(login)}`,
    );
    const items = valueAt(answer, 'data', 'items');
    const owner = (Array.isArray(items) ? items : []).find((item: unknown) =>
      textsAt(item, 'emails').some((email) => email.toLowerCase() === login),
    );
    const name = valueAt(owner, 'name') ?? this.#withoutDomain(login);
    if (typeof name !== 'string' || !POSSIBLE.test(name)) return null;
    const account = await this.#read(name);
    return account === null ? null : accountOf(account);
  }

  #withoutDomain(login: string): string | null {
    const domain = `@${this.#defaultDomain}`;
    return this.#defaultDomain !== null && login.endsWith(domain) ? login.slice(0, -domain.length) : null;
  }

  async disable(name: string): Promise<void> {
    await this.#patch(name, 'addItem');
  }

  async enable(name: string): Promise<void> {
    if ((await this.#read(name)) !== null) await this.#patch(name, 'removeItem');
  }

  async #read(name: string): Promise<unknown> {
    return this.#client.find(pathOf(name));
  }

  async #patch(name: string, action: 'addItem' | 'removeItem'): Promise<void> {
    await this.#client.call('PATCH', pathOf(name), [{ action, field: FIELD, value: PERMISSION }]);
  }
}

function pathOf(name: string): string {
  return `/api/principal/${encodeURIComponent(name)}`;
}

function accountOf(answer: unknown): Account | null {
  const principal = valueAt(answer, 'data');
  const name = valueAt(principal, 'name');
  if (valueAt(principal, 'type') !== 'individual' || typeof name !== 'string') return null;
  return { name, isDisabled: textsAt(principal, FIELD).includes(PERMISSION) };
}

/** A list of one may be written as that one. */
function textsAt(object: unknown, key: string): string[] {
  return [valueAt(object, key)].flat().filter((value) => typeof value === 'string');
}
