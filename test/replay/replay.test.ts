/** A replay is what the daemon would have done: however the logs are split, packed and named. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { generateLog } from '../../bench/generate.ts';
import { replay } from '../../src/cli/commands/replay.ts';
import { loadFilters } from '../../src/config/filter-files.ts';
import { parseConfig } from '../../src/config/load.ts';
import { Judge } from '../../src/core/judge.ts';
import { subjectKey } from '../../src/core/subject.ts';
import type { Ban, Event } from '../../src/core/types.ts';
import { Reading } from '../../src/daemon/reading.ts';
import type { Sink, Source } from '../../src/source/types.ts';
import { temporaryFolder } from '../api/serving.ts';
import { screen } from '../cli/screen.ts';
import { type Random, seededRandom } from '../support/random.ts';

const END = Date.UTC(2026, 10, 22, 8);
const LINES = 6_000;
/** Low limits and short bans, so that the day of few lines is full of bans. */
const LIMITS = `
[server.fail2ban]
authentication = { attempts = 4, within = "6h", block-for = "20m" }
login = "6/6h"
invalid-rcpt = "5/6h"
loitering = "4/12h"
scan = "2/6h"
ban-time = "30m"
`;
const PACKERS: readonly ((data: Buffer) => Buffer)[] = [
  (data) => data,
  (data) => gzipSync(data),
  (data) => zstdCompressSync(data),
  (data) => execFileSync('xz', ['-c'], { input: data }),
  (data) => execFileSync('bzip2', ['-c'], { input: data }),
];

interface BanRow {
  readonly subject: string;
  readonly since: string;
  readonly until: string | null;
  readonly reason: string;
}

interface Report {
  readonly lines: number;
  readonly bans: readonly BanRow[];
  readonly failures: number;
  readonly stopped: number;
}

async function report(files: readonly string[], folder: string, limits: string, ...more: object[]): Promise<Report> {
  const config = join(folder, 'tailban.toml');
  writeFileSync(config, limits);
  const { terminal, out, err } = screen();
  const globals = { config, filters: join(folder, 'none') };
  const options = Object.assign({ json: true }, ...more);
  const exitCode = await replay({ terminal, globals, version: '1.2.3' }, files, options);
  assert.deepEqual([exitCode, err()], [0, '']);
  return JSON.parse(out()) as Report;
}

function log(t: TestContext, folder: string, seed: number): string {
  t.diagnostic(`seed ${seed}`);
  const path = join(folder, 'whole.log');
  generateLog(path, { lines: LINES, seed, end: END });
  return path;
}

/** Cuts the log into parts between lines, packs and names them as logrotate does, and shuffles them. */
function rotated(whole: string, folder: string, random: Random): string[] {
  const lines = readFileSync(whole, 'latin1').split('\n').slice(0, -1);
  const parts = 2 + random.below(5);
  const cuts = Array.from({ length: parts - 1 }, () => random.below(lines.length)).sort((one, other) => one - other);
  const names = [0, ...cuts].map((start, index) => {
    const text = lines.slice(start, cuts[index]).map((line) => `${line}\n`);
    const turn = parts - 1 - index;
    const path = join(folder, turn === 0 ? 'mail.log' : `mail.log.${turn}`);
    writeFileSync(path, random.pick(PACKERS)(Buffer.from(text.join(''), 'latin1')));
    return path;
  });
  return names.sort(() => random.next() - 0.5);
}

/** What the daemon's own reading and judge make of the same lines, with a firewall that carries out what they say. */
async function daemonBans(path: string, limits: string, hasFirewall: boolean): Promise<BanRow[]> {
  const { config } = parseConfig(limits, 'test.toml');
  const filters = await loadFilters(join(import.meta.dirname, '../../filters'));
  const judge = new Judge(config);
  const bans: Ban[] = [];
  const isStopped = ({ ip, time }: Event): boolean => {
    const key = subjectKey(judge.countedAs(ip));
    return bans.some(
      ({ subject, since, until }) => subjectKey(subject) === key && time >= since && time < (until ?? 0),
    );
  };
  const clock = { now: END + 3_600_000 };
  const reading = new Reading({
    now: () => clock.now,
    onEvent: (event) => {
      if (hasFirewall && isStopped(event)) return;
      const verdict = judge.handle(event, clock.now);
      if (verdict.type === 'banned') bans.push(...verdict.bans);
    },
    onChunk: () => {},
    warn: () => {},
    info: () => {},
  });
  const source: Source = {
    name: 'mail',
    async start(_positions, _since, sink: Sink) {
      const fingerprint = { length: 0, hash: '' };
      const position = { type: 'file', source: 'mail', path, device: 1, inode: 1, offset: 0, fingerprint } as const;
      sink.chunk({ source: 'mail', origin: path, format: 'text', data: readFileSync(path), position, cut: 0 });
    },
    stop: async () => {},
    status: () => ({ name: 'mail', state: 'reading', problem: null, origins: [] }),
  };
  const compiled = [...filters.values()].map((filter) => filter.compiled);
  await reading.start([{ source, filters: compiled, localTime: Date.UTC, units: new Set(), isOneLog: true }], 0);
  clock.now += 3_600_000;
  reading.tick();
  return sorted(
    bans.map((ban) => ({ ...ban, subject: nameOf(ban), since: iso(ban.since), until: iso(ban.until ?? 0) })),
  );
}

function nameOf({ subject }: Ban): string {
  return subject.type === 'login' ? subject.login : subjectKey(subject);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function sorted(bans: readonly BanRow[]): BanRow[] {
  return bans
    .map(({ subject, since, until, reason }) => ({ subject, since, until, reason }))
    .sort((one, other) => one.since.localeCompare(other.since) || one.subject.localeCompare(other.subject));
}

for (const seed of [1, 2, 3]) {
  test(`a rotated, packed and shuffled log is the same as the whole one (${seed})`, async (t) => {
    const folder = await temporaryFolder(t);
    const whole = log(t, folder, seed);
    const one = await report([whole], folder, LIMITS);
    assert.equal(one.lines, LINES);
    assert.ok(one.bans.length > 30, `${one.bans.length} bans`);
    for (let round = 0; round < 4; round++) {
      const parts = await report(rotated(whole, folder, seededRandom(seed * 100 + round)), folder, LIMITS);
      assert.deepEqual({ ...parts, logs: null }, { ...one, logs: null });
    }
  });

  test(`the bans are those of the daemon (${seed})`, async (t) => {
    const folder = await temporaryFolder(t);
    const whole = log(t, folder, seed);
    assert.deepEqual(sorted((await report([whole], folder, LIMITS)).bans), await daemonBans(whole, LIMITS, true));
    // Where no login is counted a firewall makes no difference to who is banned.
    const plain = LIMITS.replace('login = "6/6h"', 'login = "off"');
    assert.deepEqual(sorted((await report([whole], folder, plain)).bans), await daemonBans(whole, plain, false));
  });
}

test('two logs of two programs are one story, in whatever order they are given', async (t) => {
  const folder = await temporaryFolder(t);
  const whole = log(t, folder, 7);
  const lines = readFileSync(whole, 'latin1').split('\n').slice(0, -1);
  const names = ['mail.log', 'dovecot.log'].map((name) => join(folder, name));
  for (const [index, name] of names.entries()) {
    const own = lines.filter((line) => line.includes(' dovecot: ') === (index === 1));
    writeFileSync(name, own.map((line) => `${line}\n`).join(''), 'latin1');
  }
  const one = await report([whole], folder, LIMITS);
  for (const files of [names, names.toReversed()])
    assert.deepEqual((await report(files, folder, LIMITS)).bans, one.bans);
});

test('what is outside of the time that is asked for is as good as not there', async (t) => {
  const folder = await temporaryFolder(t);
  const whole = log(t, folder, 8);
  const [since, until] = ['2026-11-21T20:00:00Z', '2026-11-22T02:00:00Z'];
  const inside = readFileSync(whole, 'latin1')
    .split('\n')
    .filter((line) => line >= since && line < until);
  const part = join(folder, 'part.log');
  writeFileSync(part, inside.map((line) => `${line}\n`).join(''), 'latin1');
  const expected = await report([part], folder, LIMITS);
  const asked = await report([whole], folder, LIMITS, { since, until });
  assert.ok(expected.bans.length > 10);
  assert.deepEqual(asked.bans, expected.bans);
  const parts = rotated(whole, folder, seededRandom(8));
  assert.deepEqual((await report(parts, folder, LIMITS, { since, until })).bans, expected.bans);
});
