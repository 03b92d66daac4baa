/**
 * Stalwart up to 0.15: blocked addresses are settings, `server.blocked-ip.192.0.2.1 = ""`, which take effect with a
 * reload. They have no end, so what is over has to be taken out.
 */
import { addressKey, type Block, type BlockList, entriesAt, piecesOf } from './block-list.ts';
import type { Client } from './client.ts';

const KEY = 'server.blocked-ip';
/** So many settings go into one request. */
const MOST = 1_000;
/** So many keys go into one address line: about 5 kB. */
const MOST_ASKED = 100;

export class SettingsApi implements BlockList {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async read(): Promise<ReadonlySet<string> | null> {
    const answer = await this.#client.find(`/api/settings/list?prefix=${KEY}`);
    if (answer === null) return null;
    return addressesOf(entriesAt(answer, 'data', 'items'));
  }

  async among(addresses: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (const piece of piecesOf(addresses, MOST_ASKED)) {
      const keys = encodeURIComponent(piece.map((address) => `${KEY}.${address}`).join(','));
      const answer = await this.#client.call('GET', `/api/settings/keys?keys=${keys}`);
      for (const address of addressesOf(entriesAt(answer, 'data'))) found.add(address);
    }
    return found;
  }

  async block(blocks: readonly Block[]): Promise<void> {
    for (const piece of piecesOf(blocks, MOST)) {
      const values = piece.map(({ address }) => [`${KEY}.${address}`, '']);
      await this.#client.call('POST', '/api/settings', [{ type: 'insert', prefix: null, values, assert_empty: false }]);
    }
  }

  async unblock(addresses: readonly string[]): Promise<void> {
    for (const piece of piecesOf(addresses, MOST)) {
      const keys = piece.map((address) => `${KEY}.${address}`);
      await this.#client.call('POST', '/api/settings', [{ type: 'delete', keys }]);
    }
  }

  async reload(): Promise<void> {
    await this.#client.call('GET', `/api/reload/${KEY}`);
  }
}

/** Keys come with what they have in common in front, or without. */
function addressesOf(entries: readonly [string, unknown][]): ReadonlySet<string> {
  const prefix = `${KEY}.`;
  const texts = entries.map(([key]) => (key.startsWith(prefix) ? key.slice(prefix.length) : key));
  return new Set(texts.flatMap((text) => addressKey(text) ?? []));
}
