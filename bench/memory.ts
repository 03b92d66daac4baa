/** What the real daemon holds in memory after one failed login from each of a million addresses. */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './context.ts';
import { daemonPaths, type RunningDaemon, startDaemon } from './daemon-process.ts';
import { generateAddressFlood } from './generate.ts';
import { openNamespace } from './namespace.ts';
import type { PartReport } from './report.ts';

const READ_WITHIN = 120_000;
/** After the last line: some checkpoints, and time for V8 to tidy up. */
const SETTLE = 5_000;

export async function memory(context: Context): Promise<PartReport> {
  const { addresses, say } = context.options;
  say(`reading a failure of each of ${addresses.toLocaleString('en')} addresses`);
  const folder = join(context.folder, 'memory');
  await mkdir(folder);
  generateAddressFlood(daemonPaths(folder).log, addresses, Date.now());
  const namespace = openNamespace();
  let daemon: RunningDaemon | null = null;
  try {
    daemon = await startDaemon(namespace, folder, '[server.fail2ban]\nlogin = "off"\n');
    const subjects = await allRead(daemon, addresses);
    const read = (performance.now() - daemon.readyAt) / 1000;
    await pause(SETTLE);
    const { resident, peak } = memoryOf(daemon.pid);
    return {
      title: `Memory: ${subjects.toLocaleString('en')} tracked addresses`,
      measures: [
        {
          id: 'memory.peak',
          what: 'the most that was resident',
          value: peak,
          unit: 'MB',
          aim: { kind: 'under', value: 400 },
        },
        { id: 'memory.steady', what: `resident ${SETTLE / 1000} s after the last line`, value: resident, unit: 'MB' },
        { id: 'memory.read', what: 'until all lines were read', value: read, unit: 's' },
      ],
      notes: ['the real daemon, with its store and checkpoints; VmHWM and VmRSS of proc(5)'],
    };
  } finally {
    await daemon?.stop();
    namespace.remove();
  }
}

/** How many subjects there are when all lines have been read. */
async function allRead(daemon: RunningDaemon, lines: number): Promise<number> {
  const deadline = performance.now() + READ_WITHIN;
  for (;;) {
    const status = await daemon.api.status();
    if (status.lines >= lines) return status.subjects;
    if (performance.now() > deadline) {
      throw new Error(
        `Cannot measure the memory: after ${READ_WITHIN / 1000} s ${status.lines} of ${lines} lines are read`,
      );
    }
    await pause(200);
  }
}

/** In megabytes of a million bytes. */
function memoryOf(pid: number): { resident: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { resident: field('VmRSS'), peak: field('VmHWM') };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
