/**
 * Kills the daemon again and again while mail traffic is written and its logs are rotated. In the end the stores of the
 * killed daemons must hold exactly the bans and counters of one that ran undisturbed. `TAILBAN_CRASHES` sets the number
 * of kills, `TAILBAN_SEED` repeats a run's choices.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DaemonProcess, startDaemonProcess, until } from '../support/daemon.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { LIMITS, Traffic } from './traffic.ts';

const CRASHES = Number(process.env['TAILBAN_CRASHES'] ?? 200);
const SEED = Number(process.env['TAILBAN_SEED'] ?? Date.now() % 1_000_000);
/** Daemons that are killed, side by side: one alone would leave a processor idle. */
const VICTIMS = 3;
/** By then an attempt that no server line follows has counted. */
const ECHO_WAIT = 32_000;
/** Within so long after its start a daemon has caught up and let time pass. */
const TICKS = 5_000;

let folder = '';
const running = new Set<DaemonProcess>();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailban-crash-'));
  await mkdir(join(folder, 'log'));
});
after(async () => {
  await Promise.all([...running].map((daemon) => daemon.kill()));
  await rm(folder, { recursive: true, force: true });
});

test(`after ${CRASHES} kills bans and counters are those of an undisturbed run`, async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const random = seededRandom(SEED);
  const traffic = new Traffic(join(folder, 'log'), random);
  const victims = await Promise.all(Array.from({ length: VICTIMS }, (_, n) => prepare(`victim${n}`)));
  const witness = await prepare('witness');
  const undisturbed = await launch(witness).ready();
  await Promise.all(victims.map(firstRun));
  traffic.start();
  const share = Math.ceil(CRASHES / VICTIMS);
  const runs = victims.map((victim, n) => crash(victim, share, seededRandom(SEED + n + 1)));
  const kills = (await Promise.all(runs)).flat();
  traffic.stop();
  const survivors = await Promise.all(victims.map((victim) => launch(victim).ready()));
  for (const daemon of [undisturbed, ...survivors]) await settled(daemon, traffic);
  await Promise.all([undisturbed, ...survivors].map(end));

  const expected = readStore(witness);
  const rotations = traffic.logs.map((log) => log.rotations);
  t.diagnostic(`${kills.length} kills, ${kills.filter((ready) => ready).length} of them while it was guarding`);
  t.diagnostic(`${traffic.lines} lines, ${rotations.join(' and ')} rotations, ${expected.bans.length} bans`);
  for (const victim of victims) {
    const found = readStore(victim);
    assert.deepEqual(found.bans, expected.bans, `bans of ${victim}, seed ${SEED}`);
    assert.deepEqual(found.counters, expected.counters, `counters of ${victim}, seed ${SEED}`);
  }
  for (const [ip, failures] of traffic.quiet) {
    assert.equal(expected.counters[`${ip} authentication`]?.length, failures, `failures of ${ip}, seed ${SEED}`);
  }
  if (CRASHES < 50) return;
  assert.ok(kills.length >= CRASHES);
  assert.ok(Math.min(...rotations) >= 3, `only ${rotations.join(' and ')} rotations`);
  assert.ok(expected.bans.length >= 30, `only ${expected.bans.length} bans`);
  assert.ok(
    expected.bans.some(({ offence }) => Number(offence) >= 3),
    'nobody was banned three times',
  );
  assert.ok(Object.keys(expected.counters).length >= 50, 'hardly anything was counted');
});

/** A daemon's own folder with its configuration; gives the folder. */
async function prepare(name: string): Promise<string> {
  const own = join(folder, name);
  await mkdir(own);
  const config = `
[server.fail2ban]
${LIMITS}
[source.mail]
files = ["${join(folder, 'log', 'mail.log')}"]
[source.dovecot]
files = ["${join(folder, 'log', 'dovecot.log')}"]
[firewall]
backend = "none"
[store]
path = "${join(own, 'tailban.db')}"
[log]
level = "warn"
`;
  await writeFile(join(own, 'tailban.toml'), config);
  return own;
}

function launch(own: string): DaemonProcess {
  const daemon = startDaemonProcess({
    config: join(own, 'tailban.toml'),
    socket: join(own, 'tailban.sock'),
    env: { NODE_COMPILE_CACHE: join(folder, 'compiled') },
  });
  running.add(daemon);
  return daemon;
}

/** What a first start reads is what is there: only who has a position can miss nothing. */
async function firstRun(own: string): Promise<void> {
  const daemon = await launch(own).ready();
  let read = Number.POSITIVE_INFINITY;
  await until('a first checkpoint with positions', async () => {
    const { sources, lastCheckpoint, now } = await daemon.api.status();
    if (sources.length === 2 && sources.every(({ state }) => state === 'reading')) read = Math.min(read, now);
    return (lastCheckpoint ?? 0) > read;
  });
  await daemon.kill();
}

/** Starts and kills; for each time whether the daemon had come so far as to guard. */
async function crash(own: string, times: number, random: Random): Promise<boolean[]> {
  const kills: boolean[] = [];
  while (kills.length < times) {
    const daemon = launch(own);
    let ready = false;
    const started = daemon.ready().then(
      () => {
        ready = true;
      },
      () => {},
    );
    await lifetime(random, started);
    await daemon.kill();
    await started;
    running.delete(daemon);
    kills.push(ready);
    assert.doesNotMatch(daemon.output(), /damaged|cannot|Error|is gone/i);
  }
  return kills;
}

/** Some die while they start, some while they catch up, some behind a checkpoint. */
async function lifetime(random: Random, started: Promise<void>): Promise<void> {
  const choice = random.next();
  if (choice < 0.3) return sleep(random.below(500));
  await started;
  return sleep(choice < 0.6 ? random.below(200) : 900 + random.below(500));
}

/** Everything has been read, and the time has passed that anything waits for another line. */
async function settled(daemon: DaemonProcess, traffic: Traffic): Promise<void> {
  await until(
    () => `the logs to be read to their ends by a daemon that says:\n${daemon.output()}`,
    async () => {
      const { sources, now, startedAt } = await daemon.api.status();
      const read = sources.every(
        ({ state, origins }) => state === 'reading' && origins.every(({ offset, size }) => offset === size),
      );
      return read && sources.length === 2 && now > traffic.lastEcho + ECHO_WAIT && now > startedAt + TICKS;
    },
    60_000,
  );
}

async function end(daemon: DaemonProcess): Promise<void> {
  assert.equal(await daemon.stop(), 0, daemon.output());
  running.delete(daemon);
}

interface Kept {
  readonly bans: readonly Record<string, unknown>[];
  /** Times of failures by subject and kind. */
  readonly counters: Readonly<Record<string, readonly number[]>>;
}

function readStore(own: string): Kept {
  const db = new DatabaseSync(join(own, 'tailban.db'), { readOnly: true });
  const bans = db
    .prepare('SELECT subject, since, until, cause, reason, offence, evidence FROM bans ORDER BY subject, since')
    .all()
    .map((row) => ({ ...row }));
  const counters: Record<string, readonly number[]> = {};
  for (const row of db.prepare('SELECT subject, kind, times FROM counters ORDER BY subject, kind').all()) {
    const bytes = row['times'] as Uint8Array;
    counters[`${row['subject']} ${row['kind']}`] = [...new Float64Array(bytes.slice().buffer)];
  }
  db.close();
  return { bans, counters };
}
