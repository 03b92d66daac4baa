/**
 * Stalwart from 0.16 on: blocked addresses are objects of type `x:BlockedIp` with an id, a reason and an end, changed by
 * JMAP methods (RFC 8620) at `POST /api`. The reason begins with our name, which tells ours from those of others.
 */
import { EnforceError } from '../../errors.ts';
import { addressKey, type Block, type BlockList, entriesAt, piecesOf, valueAt } from './block-list.ts';
import type { Client } from './client.ts';

type Call = readonly [method: string, args: object];
/** An address or an id, and why not. */
type Refusal = readonly [string, unknown];

/** RFC 8620 wants servers to take 500 objects at least. */
const MOST = 500;
const MOST_PAGES = 10_000;
const MARK = 'tailban: ';
const LONGEST_REASON = 200;
/** What will not be otherwise at the next try, so that it must not hold up the rest. */
const FINAL: readonly unknown[] = ['invalidProperties', 'invalidPatch', 'primaryKeyViolation', 'alreadyExists'];

export class ObjectApi implements BlockList {
  readonly #client: Client;
  readonly #warn: (message: string) => void;
  #blocked = new Set<string>();
  /** The ids of ours by address. */
  #ids = new Map<string, string>();
  /** What the server will never block, so that it is not asked again and again. */
  readonly #refused = new Set<string>();

  constructor(client: Client, warn: (message: string) => void) {
    this.#client = client;
    this.#warn = warn;
  }

  async read(): Promise<ReadonlySet<string>> {
    const blocked = new Set(this.#refused);
    const ids = new Map<string, string>();
    for (let page = 0; page < MOST_PAGES; page++) {
      const found = await this.#page(page * MOST);
      for (const { id, address, isOurs } of found) {
        blocked.add(address);
        if (isOurs) ids.set(address, id);
      }
      if (found.length < MOST) break;
    }
    this.#blocked = blocked;
    this.#ids = ids;
    return blocked;
  }

  async among(addresses: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(addresses.filter((address) => this.#blocked.has(address) && !this.#ids.has(address)));
  }

  async block(blocks: readonly Block[]): Promise<void> {
    for (const piece of piecesOf(blocks, MOST)) {
      await this.unblock(piece.map(({ address }) => address));
      const create = Object.fromEntries(piece.map((block, index) => [`b${index}`, objectOf(block)]));
      const answer = await this.#call(['x:BlockedIp/set', { create }]);
      for (const [name, created] of entriesAt(answer, 'created')) {
        const block = piece[Number(name.slice(1))];
        const id = valueAt(created, 'id');
        if (block === undefined || typeof id !== 'string') continue;
        this.#ids.set(block.address, id);
        this.#blocked.add(block.address);
      }
      const refusals = entriesAt(answer, 'notCreated').map(
        ([name, why]): Refusal => [piece[Number(name.slice(1))]?.address ?? name, why],
      );
      for (const [address, why] of refusals.filter(isFinal)) {
        this.#refused.add(address);
        this.#warn(`Stalwart does not block ${address}: ${JSON.stringify(why)}`);
      }
      throwFirst(
        'block',
        refusals.filter((refusal) => !isFinal(refusal)),
      );
    }
  }

  async unblock(addresses: readonly string[]): Promise<void> {
    const known = addresses.flatMap((address): [string, string][] => {
      const id = this.#ids.get(address);
      return id === undefined ? [] : [[address, id]];
    });
    for (const piece of piecesOf(known, MOST)) {
      const answer = await this.#call(['x:BlockedIp/set', { destroy: piece.map(([, id]) => id) }]);
      const refused = new Map(
        entriesAt(answer, 'notDestroyed').filter(([, why]) => valueAt(why, 'type') !== 'notFound'),
      );
      for (const [address, id] of piece) {
        if (refused.has(id)) continue;
        this.#ids.delete(address);
        this.#blocked.delete(address);
      }
      throwFirst('unblock', [...refused]);
    }
  }

  /** Changes of objects take effect by themselves. */
  async reload(): Promise<void> {}

  async #page(position: number): Promise<{ id: string; address: string; isOurs: boolean }[]> {
    const query = await this.#call(['x:BlockedIp/query', { position, limit: MOST }]);
    const ids = valueAt(query, 'ids');
    if (!Array.isArray(ids) || ids.length === 0) return [];
    const answer = await this.#call(['x:BlockedIp/get', { ids }]);
    const list = valueAt(answer, 'list');
    return (Array.isArray(list) ? list : []).flatMap((object: unknown) => {
      const id = valueAt(object, 'id');
      const address = addressKey(String(valueAt(object, 'address')));
      if (typeof id !== 'string' || address === null) return [];
      return [{ id, address, isOurs: String(valueAt(object, 'reason')).startsWith(MARK) }];
    });
  }

  /** The answer to one method. @throws EnforceError where it was not carried out at all. */
  async #call(call: Call): Promise<unknown> {
    const answer = await this.#client.call('POST', '/api', {
      using: ['urn:ietf:params:jmap:core', 'urn:stalwart:jmap'],
      methodCalls: [[...call, '0']],
    });
    const [method] = call;
    const result = valueAt(answer, 'methodResponses', 0);
    if (valueAt(result, 0) === method) return valueAt(result, 1);
    throw new EnforceError(`Stalwart did not carry out ${method}: ${JSON.stringify(result ?? answer)}`, [], '');
  }
}

function isFinal([, why]: Refusal): boolean {
  return FINAL.includes(valueAt(why, 'type'));
}

/** @throws EnforceError where something was refused that may go well at the next try. */
function throwFirst(what: string, refusals: readonly Refusal[]): void {
  const [first] = refusals;
  if (first === undefined) return;
  const others = refusals.length > 1 ? ` and ${refusals.length - 1} others` : '';
  throw new EnforceError(`Stalwart did not ${what} ${first[0]}${others}: ${JSON.stringify(first[1])}`, [], '');
}

function objectOf({ address, until, reason }: Block): object {
  const text = (MARK + reason).slice(0, LONGEST_REASON);
  // To the second: RFC 8620, section 1.4.
  const end = until === null ? {} : { expiresAt: new Date(until).toISOString().replace(/\.\d+Z$/, 'Z') };
  return { address, reason: text, ...end };
}
