/** From the log line that crosses a limit to the ban in the kernel: one at a time, and two thousand at once. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { saslFailure } from './attacks.ts';
import type { Context } from './context.ts';
import { daemonPaths, type RunningDaemon, startDaemon } from './daemon-process.ts';
import { floodAddress, stamped } from './generate.ts';
import { KernelWatch } from './kernel.ts';
import { openNamespace } from './namespace.ts';
import type { PartReport } from './report.ts';
import { median, percentile } from './statistics.ts';

const LIMIT = 3;
const SETTINGS = `[server.fail2ban]\nauthentication = "${LIMIT}/10m"\nlogin = "off"\n`;
const SINGLE_BANS = 100;
const BURST = 2_000;
const BURSTS = 3;
const TIMEOUT = 30_000;

/** A hundred attackers, each with all failures but the last written before; then the last ones, one at a time. */
export function latency(context: Context): Promise<PartReport> {
  return withDaemon(context, 'latency', async (log, watch) => {
    const attackers = Array.from({ length: SINGLE_BANS }, (_, index) => floodAddress(index));
    appendFileSync(log, attackers.map((ip) => failure(ip).repeat(LIMIT - 1)).join(''));
    await pause(500);
    const delays: number[] = [];
    for (const [index, ip] of attackers.entries()) {
      // Not in step with any timer of the daemon.
      await pause(60 + ((index * 37) % 90));
      const line = failure(ip);
      const start = performance.now();
      appendFileSync(log, line);
      delays.push((await watch.banned(ip, TIMEOUT)) - start);
    }
    return {
      title: `Latency: log line to kernel ban, ${SINGLE_BANS} bans one at a time`,
      measures: [
        { id: 'latency.median', what: 'median', value: median(delays), unit: 'ms', aim: { kind: 'under', value: 50 } },
        { id: 'latency.p99', what: '99 of 100 within', value: percentile(delays, 99), unit: 'ms' },
        { id: 'latency.first', what: 'the first one', value: delays[0] ?? Number.NaN, unit: 'ms' },
      ],
      notes: ['the real daemon, with nftables and SQLite; seen by nft monitor'],
    };
  });
}

/** Two thousand attackers whose failures are appended in one write. */
export function burst(context: Context): Promise<PartReport> {
  return withDaemon(context, 'burst', async (log, watch) => {
    const times: number[] = [];
    for (let round = 1; round <= BURSTS; round++) {
      const attackers = Array.from({ length: BURST }, (_, index) => floodAddress(round * 65_536 + index));
      const lines = attackers.map(failure).join('').repeat(LIMIT);
      await pause(500);
      const start = performance.now();
      appendFileSync(log, lines);
      const ends = await Promise.all(attackers.map((ip) => watch.banned(ip, TIMEOUT)));
      times.push(Math.max(...ends) - start);
    }
    return {
      title: `Burst: ${BURST.toLocaleString('en')} addresses at once, ${LIMIT} failures each`,
      measures: [
        {
          id: 'burst',
          what: 'until all are in the kernel',
          value: median(times),
          unit: 'ms',
          aim: { kind: 'under', value: 500 },
        },
      ],
      notes: [`median of ${BURSTS} bursts: ${times.map((time) => time.toFixed(0)).join(', ')} ms`],
    };
  });
}

async function withDaemon(
  context: Context,
  name: string,
  measure: (log: string, watch: KernelWatch) => Promise<PartReport>,
): Promise<PartReport> {
  context.options.say(`${name}, with the daemon in a namespace`);
  const folder = join(context.folder, name);
  await mkdir(folder);
  const { log } = daemonPaths(folder);
  writeFileSync(log, '');
  const namespace = openNamespace();
  let daemon: RunningDaemon | null = null;
  let watch: KernelWatch | null = null;
  try {
    daemon = await startDaemon(namespace, folder, SETTINGS);
    watch = await KernelWatch.start(namespace);
    return await measure(log, watch);
  } finally {
    await watch?.stop();
    await daemon?.stop();
    namespace.remove();
  }
}

function failure(ip: string): string {
  return stamped(Date.now(), 0, saslFailure(4711, 'unknown', ip, 'alice@example.org'));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
