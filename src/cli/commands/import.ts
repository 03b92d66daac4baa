/**
 * `tailban import`: bans out of a list that Stalwart, another program or `tailban list --json` wrote, or everything out of
 * a backup.
 */
import { createReadStream } from 'node:fs';
import { isBackup } from '../../api/backup.ts';
import type { ApiClient } from '../../api/client.ts';
import type { ImportRequest } from '../../api/contract.ts';
import type { Address } from '../../core/ip.ts';
import { oneLine } from '../../core/one-line.ts';
import type { Millis } from '../../core/types.ts';
import { adminAddress } from '../admin-address.ts';
import { readDurationOption } from '../durations.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { readBackup, sendBackup, upToDate } from '../import/backup.ts';
import { guessFormat, type ImportEntry, type ImportFormat, type Reading } from '../import/entries.ts';
import { readJson } from '../import/json.ts';
import { readPlain, readStalwart } from '../import/lines.ts';
import { spareOwn } from '../import/own-address.ts';
import { connect, type Invocation } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';
import { counted, grouped } from '../times.ts';
import { unreadable } from '../unreadable.ts';

export interface ImportOptions {
  readonly format: 'auto' | 'backup' | ImportFormat;
  readonly for?: string;
  readonly force?: boolean;
}

/** So many bans go to the daemon at once, so that it can read logs between. */
const BATCH = 20_000;
const MOST_SHOWN = 20;
/** A text that V8 can hold, with room for what is read out of it. */
const LARGEST_INPUT = 400 * 1024 * 1024;

export async function importBans(
  invocation: Invocation,
  file: string | undefined,
  options: ImportOptions,
): Promise<ExitCode> {
  const { terminal } = invocation;
  const length = options.for === undefined ? null : readDurationOption('--for', options.for);
  const text = await readInput(terminal, file);
  const name = nameOf(file);
  const own = options.force ? null : adminAddress({ env: terminal.env, pid: process.pid, proc: '/proc' });
  // As a list, it would bring back whoever has been unbanned.
  const mayBeBackup = options.format === 'auto' || options.format === 'json';
  if (options.format === 'backup' || (mayBeBackup && isBackup(text))) {
    if (length !== null)
      throw new CliError(EXIT.usage, 'A backup says itself how long each ban lasts', 'Leave --for out');
    return importBackup(invocation, text, name, own);
  }
  const now = terminal.now();
  const reading = readBans(text, options.format, name, now);
  const current = reading.entries.filter(({ until }) => until === undefined || until === null || until > now);
  const over = reading.entries.length - current.length;
  const spared = spareOwn(current, own);
  const bans = spared.kept.map((entry) => toBan(entry, length, now));
  const { imported, skipped } = await send(await connect(invocation), bans);
  const overText = over === 0 ? [] : [`${counted(over, 'ban')} that ended before now`];
  const left = [...spared.left, ...reading.skipped, ...overText, ...skipped];
  const leftCount = spared.left.length + reading.skipped.length + over + skipped.length;
  tell(terminal, counted(imported, 'ban'), leftCount, left);
  return reading.entries.length === 0 && reading.skipped.length > 0 ? EXIT.badData : EXIT.ok;
}

async function importBackup(
  invocation: Invocation,
  text: string,
  name: string,
  own: Address | null,
): Promise<ExitCode> {
  const { terminal } = invocation;
  const backup = upToDate(readBackup(text, name), terminal.now());
  const spared = spareOwn(backup.bans, own);
  const client = await connect(invocation);
  const { allowed, history, bans, knownGood, skipped } = await sendBackup(client, { ...backup, bans: spared.kept });
  const news = [
    counted(bans, 'ban'),
    counted(history, 'past ban'),
    counted(allowed, 'allowed network'),
    counted(knownGood, 'known network'),
  ];
  const known = backup.history.length - history;
  const knownText =
    known === 0 ? [] : [`${counted(known, 'past ban')} that ${known === 1 ? 'is' : 'are'} here already`];
  const left = [...spared.left, ...skipped];
  tell(terminal, `${news.slice(0, -1).join(', ')} and ${news.at(-1)} of logins`, left.length + known, [
    ...knownText,
    ...left,
  ]);
  return EXIT.ok;
}

function tell(terminal: Terminal, imported: string, leftCount: number, left: readonly string[]): void {
  terminal.print(`Imported ${imported}${leftCount === 0 ? '' : `, left out ${grouped(leftCount)}`}`);
  for (const line of left.slice(0, MOST_SHOWN)) terminal.note(oneLine(`  ${line}`));
  if (left.length > MOST_SHOWN) terminal.note(`  and ${grouped(left.length - MOST_SHOWN)} more`);
}

function nameOf(file: string | undefined): string {
  return file === undefined || file === '-' ? 'standard input' : file;
}

async function readInput(terminal: Terminal, file: string | undefined): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of file === undefined || file === '-' ? terminal.stdin : createReadStream(file)) {
      const bytes = Buffer.from(piece);
      size += bytes.length;
      if (size > LARGEST_INPUT)
        throw new CliError(EXIT.badData, `${nameOf(file)} has more than 400 MiB`, 'Take it apart into several');
      pieces.push(bytes);
    }
  } catch (error) {
    const problem = unreadable(error);
    if (problem === null) throw error;
    throw new CliError(problem.exitCode, `Cannot read ${nameOf(file)}: ${problem.reason}`, '', { cause: error });
  }
  return Buffer.concat(pieces).toString('utf8');
}

function readBans(text: string, asked: 'auto' | ImportFormat, file: string, now: Millis): Reading {
  const format = asked === 'auto' ? guessFormat(text) : asked;
  if (format === 'stalwart') return readStalwart(text);
  if (format === 'plain') return readPlain(text, now);
  try {
    return readJson(text, now);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CliError(EXIT.badData, `Cannot read ${file} as JSON: ${error.message}`, '', { cause: error });
  }
}

/** Without an end of its own a ban lasts as long as `--for` says, else for ever, as it does at Stalwart. */
function toBan({ subject, until, reason = 'imported' }: ImportEntry, length: Millis | null, now: Millis): Ban {
  const end = length === null ? null : now + length;
  return { subject, until: until === undefined ? end : until, reason };
}

type Ban = ImportRequest['bans'][number];

async function send(
  client: ApiClient,
  bans: readonly Ban[],
): Promise<{ imported: number; skipped: readonly string[] }> {
  let imported = 0;
  const skipped: string[] = [];
  for (let i = 0; i < bans.length; i += BATCH) {
    const answer = await client.import({ bans: bans.slice(i, i + BATCH) });
    imported += answer.imported;
    skipped.push(...answer.skipped);
  }
  return { imported, skipped };
}
