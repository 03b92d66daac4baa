/** What is asked of nft(8). */
import { EnforceError } from '../../errors.ts';
import type { Outcome, Run } from '../command.ts';
import { call, refused } from './call.ts';

const NOT_THERE = 'No such file or directory';

/** Carries out a text in one transaction: all of it or nothing. @throws EnforceError */
export async function transact(run: Run, text: string, purpose: string): Promise<void> {
  const argv = ['nft', '-f', '-'] as const;
  const outcome = await callNft(run, argv, text);
  if (outcome.exitCode !== 0) throw refused(purpose, argv, outcome);
}

/** Whether a transaction failed because it was to create an element that is there. */
export function isThereAlready(error: unknown): boolean {
  return error instanceof EnforceError && error.stderr.includes('File exists');
}

/** Whether a text could be carried out now, by a transaction that the kernel checks and gives up. @throws EnforceError */
export async function wouldWork(run: Run, text: string): Promise<boolean> {
  const argv = ['nft', '--check', '-f', '-'] as const;
  const outcome = await callNft(run, argv, text);
  if (outcome.exitCode === 0) return true;
  if (outcome.stderr.includes(NOT_THERE)) return false;
  throw refused('probe the firewall', argv, outcome);
}

/**
 * The structure of all `inet` tables as JSON, without elements. It is not `list table`, `list chain` or `get element`:
 * those read every element of the table first (nftables 1.0.6: 0.4 s with 100,000 bans, this 5 ms).
 * @throws EnforceError
 */
export async function listStructure(run: Run): Promise<string> {
  const argv = ['nft', '--json', '--terse', 'list', 'ruleset', 'inet'] as const;
  const outcome = await callNft(run, argv);
  if (outcome.exitCode !== 0) throw refused('list the firewall', argv, outcome);
  return outcome.stdout;
}

/** The names of all tables, a line each. @throws EnforceError where nft cannot be used */
export async function listTables(run: Run): Promise<string> {
  const argv = ['nft', 'list', 'tables'] as const;
  const outcome = await callNft(run, argv);
  if (outcome.exitCode !== 0) throw refused('use nftables', argv, outcome);
  return outcome.stdout;
}

/** A table with all its elements as JSON; null where there is no such table. @throws EnforceError */
export async function listTable(run: Run, table: string): Promise<string | null> {
  const argv = ['nft', '--json', 'list', 'table', 'inet', table] as const;
  const outcome = await callNft(run, argv);
  if (outcome.exitCode === 0) return outcome.stdout;
  if (outcome.stderr.includes(NOT_THERE)) return null;
  throw refused('list the bans in the firewall', argv, outcome);
}

function callNft(run: Run, argv: readonly [string, ...string[]], input?: string): Promise<Outcome> {
  return call(run, argv, 'nftables', input);
}
