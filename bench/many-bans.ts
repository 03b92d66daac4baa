/** How long the daemon takes to start with a hundred thousand bans in its store, until the kernel has them all. */
import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSubject } from '../src/core/subject.ts';
import type { Change } from '../src/core/types.ts';
import { Store } from '../src/store/store.ts';
import type { Context } from './context.ts';
import { daemonPaths, type RunningDaemon, startDaemon } from './daemon-process.ts';
import { floodAddress } from './generate.ts';
import { countElements, firstChange } from './kernel.ts';
import { openNamespace } from './namespace.ts';
import type { PartReport } from './report.ts';
import { median } from './statistics.ts';

const BANS = 100_000;
const STARTS = 3;
const HOUR = 3_600_000;

export async function manyBans(context: Context): Promise<PartReport> {
  context.options.say(`starting the daemon with ${BANS.toLocaleString('en')} stored bans`);
  const folder = join(context.folder, 'start');
  await mkdir(folder);
  const { log, database } = daemonPaths(folder);
  writeFileSync(log, '');
  fillStore(database);
  const runs: { readonly complete: number; readonly ready: number }[] = [];
  for (let i = 0; i < STARTS; i++) runs.push(await startOnce(folder));
  const complete = median(runs.map((run) => run.complete));
  return {
    title: `Start with ${BANS.toLocaleString('en')} stored bans`,
    measures: [
      {
        id: 'start.complete',
        what: 'until the kernel has all',
        value: complete,
        unit: 's',
        aim: { kind: 'under', value: 3 },
      },
      { id: 'start.ready', what: 'until the API answers', value: median(runs.map((run) => run.ready)), unit: 's' },
    ],
    notes: [`medians of ${STARTS} starts, from the start of the process; the sets are counted afterwards`],
  };
}

function fillStore(database: string): void {
  const now = Date.now();
  const store = Store.open(database, { now: Date.now, warn: (message) => void process.stderr.write(`${message}\n`) });
  const changes: Change[] = [];
  for (let i = 0; i < BANS; i++) {
    const subject = parseSubject(floodAddress(i));
    if (subject === null) throw new RangeError(`Cannot ban ${floodAddress(i)}: it is no address`);
    const evidence = [`a line of ordinary length that tells of a failed login of ${floodAddress(i)}`];
    const reason = '100 failed logins in 20m (limit 100/1d)';
    const ban = {
      subject,
      since: now - i,
      until: now + HOUR + i,
      cause: 'authentication',
      reason,
      offence: 1,
      evidence,
    } as const;
    changes.push({ type: 'ban', ban });
  }
  store.saveChanges(changes, now);
  store.close();
}

/** Both in seconds. Each start finds an empty kernel. */
async function startOnce(folder: string): Promise<{ complete: number; ready: number }> {
  const namespace = openNamespace();
  const change = await firstChange(namespace);
  let daemon: RunningDaemon | null = null;
  try {
    daemon = await startDaemon(namespace, folder, '');
    const complete = await change.at;
    const elements = countElements(namespace);
    if (elements !== BANS)
      throw new Error(`Cannot measure the start: the kernel holds ${elements} bans instead of ${BANS}`);
    return { complete: (complete - daemon.startedAt) / 1000, ready: (daemon.readyAt - daemon.startedAt) / 1000 };
  } finally {
    change.stop();
    await daemon?.stop();
    namespace.remove();
  }
}
