/** `tailban import`: bans out of a list that Stalwart, another program or `tailban list --json` wrote. */
import { readFile } from 'node:fs/promises';
import type { ApiClient } from '../../api/client.ts';
import type { ImportRequest } from '../../api/contract.ts';
import type { Millis } from '../../core/types.ts';
import { readDurationOption } from '../durations.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { guessFormat, type ImportEntry, type ImportFormat, type Reading } from '../import/entries.ts';
import { readJson } from '../import/json.ts';
import { readPlain, readStalwart } from '../import/lines.ts';
import { connect, type Invocation } from '../invocation.ts';
import { printable, type Terminal } from '../terminal.ts';
import { counted, grouped } from '../times.ts';
import { unreadable } from '../unreadable.ts';

export interface ImportOptions {
  readonly format: 'auto' | ImportFormat;
  readonly for?: string;
}

/** So many bans go to the daemon at once, so that it can read logs between. */
const BATCH = 20_000;
const MOST_SHOWN = 20;

export async function importBans(
  invocation: Invocation,
  file: string | undefined,
  options: ImportOptions,
): Promise<ExitCode> {
  const { terminal } = invocation;
  const length = options.for === undefined ? null : readDurationOption('--for', options.for);
  const now = terminal.now();
  const text = await readInput(terminal, file);
  const reading = readBans(text, options.format, file ?? 'standard input', now);
  const current = reading.entries.filter(({ until }) => until === undefined || until === null || until > now);
  const over = reading.entries.length - current.length;
  const bans = current.map((entry) => toBan(entry, length, now));
  const { imported, skipped } = await send(await connect(invocation), bans);
  const overText = over === 0 ? [] : [`${counted(over, 'ban')} that ended before now`];
  const left = [...reading.skipped, ...overText, ...skipped];
  const leftCount = reading.skipped.length + over + skipped.length;
  terminal.print(`Imported ${counted(imported, 'ban')}${leftCount === 0 ? '' : `, left out ${grouped(leftCount)}`}`);
  for (const line of left.slice(0, MOST_SHOWN)) terminal.note(printable(`  ${line}`));
  if (left.length > MOST_SHOWN) terminal.note(`  and ${grouped(left.length - MOST_SHOWN)} more`);
  return reading.entries.length === 0 && reading.skipped.length > 0 ? EXIT.badData : EXIT.ok;
}

async function readInput(terminal: Terminal, file: string | undefined): Promise<string> {
  try {
    if (file !== undefined && file !== '-') return await readFile(file, 'utf8');
    const pieces: Buffer[] = [];
    for await (const piece of terminal.stdin) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces).toString('utf8');
  } catch (error) {
    const problem = unreadable(error);
    if (problem === null) throw error;
    const name = file === undefined || file === '-' ? 'standard input' : file;
    throw new CliError(problem.exitCode, `Cannot read ${name}: ${problem.reason}`, '', { cause: error });
  }
}

function readBans(text: string, asked: ImportOptions['format'], file: string, now: Millis): Reading {
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
