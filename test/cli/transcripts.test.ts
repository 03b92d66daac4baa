/**
 * Runs the sessions in `transcripts/` against a daemon that stands still, and compares every character. A line `$ tailban …`
 * is a command; what it printed on standard output follows, then what it printed on standard error, then `[exit N]` where
 * that is not 0. With UPDATE_TRANSCRIPTS=1 in the environment the files are written anew.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeControl } from '../api/fake-control.ts';
import { serve } from '../api/serving.ts';
import { tailban } from './tailban.ts';

const FOLDER = join(import.meta.dirname, 'transcripts');
const FILTERS = join(import.meta.dirname, '../../filters');

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))) {
  test(`the session in ${file} goes as it is written`, async (t) => {
    const { socketPath } = await serve(t, fakeControl());
    const written = await readFile(join(FOLDER, file), 'utf8');
    let played = written.slice(0, written.indexOf('$ tailban'));
    for (const line of written.split('\n').filter((one) => one.startsWith('$ tailban'))) {
      played += `${line}\n${await play(words(line.slice('$ tailban'.length)), socketPath)}\n`;
    }
    played = `${played.trimEnd()}\n`;
    if (process.env['UPDATE_TRANSCRIPTS']) await writeFile(join(FOLDER, file), played);
    else assert.equal(played, written);
  });
}

/** The socket is not part of the session: it is put in behind the scenes unless the session names one. */
async function play(args: readonly string[], socketPath: string): Promise<string> {
  const socket = args.includes('--socket') || args.includes('--config') ? [] : ['--socket', socketPath];
  const { code, stdout, stderr } = await tailban([...args, ...socket], { cwd: join(FOLDER, 'files') });
  const exit = code === 0 ? '' : `[exit ${code}]\n`;
  return `${stdout}${stderr}${exit}`.replaceAll(FILTERS, '/usr/lib/tailban/filters');
}

/** Words, of which those in quotes hold blanks. */
function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
