/** How long a command takes from its start to its end: `tailban list` against a running daemon. */
import { existsSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Context, ROOT } from './context.ts';
import { daemonPaths, type RunningDaemon, startDaemon } from './daemon-process.ts';
import { openNamespace } from './namespace.ts';
import type { Measure, PartReport } from './report.ts';
import { median } from './statistics.ts';

const RUNS = 21;
const AIM = { kind: 'under', value: 150 } as const;

export async function commandStart(context: Context): Promise<PartReport> {
  context.options.say('tailban list');
  const folder = join(context.folder, 'command');
  await mkdir(folder);
  const { log, socket } = daemonPaths(folder);
  writeFileSync(log, '');
  const bundle = join(ROOT, 'dist', 'main.js');
  const namespace = openNamespace();
  let daemon: RunningDaemon | null = null;
  try {
    daemon = await startDaemon(namespace, folder, '');
    const measures: Measure[] = [
      await timed('command.launcher', 'through bin/tailban', [join(ROOT, 'bin', 'tailban')], socket),
      await timed(
        'command.source',
        'from the sources',
        [process.execPath, join(ROOT, 'src', 'cli', 'main.ts')],
        socket,
      ),
    ];
    if (existsSync(bundle)) measures.push(await timed('command.bundle', 'bundled', [process.execPath, bundle], socket));
    const notes = existsSync(bundle) ? [] : ['there is no bundle (npm run build makes it)'];
    return { title: 'Command: tailban list, start to end', measures, notes: [`medians of ${RUNS}`, ...notes] };
  } finally {
    await daemon?.stop();
    namespace.remove();
  }
}

async function timed(id: string, what: string, command: readonly string[], socket: string): Promise<Measure> {
  const times: number[] = [];
  const [file = '', ...args] = command;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    await execa(file, [...args, '--socket', socket, 'list']);
    times.push(performance.now() - start);
  }
  return { id, what, value: median(times), unit: 'ms', aim: AIM };
}
