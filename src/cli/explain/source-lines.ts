/** The last lines of a source's newest file. */
import { open, stat } from 'node:fs/promises';
import type { SourceConfig } from '../../config/config.ts';
import { compileGlobs } from '../../source/glob.ts';
import { CliError, EXIT } from '../exit.ts';

/** A line has at most 16 KiB, and few are longer than a few hundred bytes. */
const TAIL = 1024 * 1024;
const NEWLINE = 10;

/** @throws CliError where the source has no file that can be read. */
export async function lastLines(source: SourceConfig, count: number): Promise<Buffer[]> {
  if (source.type !== 'files') {
    const hint =
      source.type === 'webhook' ? '' : `journalctl -a -o json -n ${count} | tailban explain --source ${source.name}`;
    throw new CliError(EXIT.usage, `The source "${source.name}" is no file, --last cannot read it`, hint);
  }
  const path = await newestFile(source.files);
  if (path === null)
    throw new CliError(
      EXIT.noInput,
      `The source "${source.name}" has no file: nothing is at ${source.files.join(', ')}`,
    );
  return [endOf(await tailOf(path), count)];
}

async function newestFile(globs: readonly string[]): Promise<string | null> {
  const { files } = await compileGlobs(globs).list();
  let newest: { path: string; modified: number } | null = null;
  for (const path of files.keys()) {
    const { mtimeMs } = await stat(path);
    if (newest === null || mtimeMs > newest.modified) newest = { path, modified: mtimeMs };
  }
  return newest?.path ?? null;
}

/** Complete lines, as far as there are newlines in it. */
async function tailOf(path: string): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - TAIL);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    const read = buffer.subarray(0, bytesRead);
    return start === 0 ? read : read.subarray(read.indexOf(NEWLINE) + 1);
  } finally {
    await handle.close();
  }
}

function endOf(data: Buffer, count: number): Buffer {
  let at = data.at(-1) === NEWLINE ? data.length - 1 : data.length;
  for (let left = count; left > 0 && at > 0; left--) at = data.lastIndexOf(NEWLINE, at - 1);
  return data.subarray(at + 1);
}
