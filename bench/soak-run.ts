/**
 * A soak: the real daemon with nftables reads thousands of lines a second for minutes, while its log is rotated, bans come
 * and end, and an admin bans and unbans. What it takes of the machine, and how far it is behind, is looked at each second;
 * whoever must be banned is looked for in the kernel.
 */
import { readFileSync } from 'node:fs';
import { subjectKey } from '../src/core/subject.ts';
import { commandRunner } from '../src/enforce/command.ts';
import { nftables } from '../src/enforce/firewall/nftables.ts';
import { saslFailure } from './attacks.ts';
import { daemonPaths, type RunningDaemon, startDaemon } from './daemon-process.ts';
import { floodAddress, Traffic } from './generate.ts';
import { openNamespace } from './namespace.ts';
import { seededRandom } from './random.ts';
import { SoakLog } from './soak-log.ts';

export interface SoakOptions {
  readonly seconds: number;
  /** Lines a second. */
  readonly rate: number;
  /** Seconds between two rotations. */
  readonly rotateEvery: number;
  readonly seed: number;
  readonly folder: string;
  /** The launcher where it is not another one. */
  readonly program?: readonly string[];
  readonly onSample?: (sample: Sample) => void;
}

/** One second. */
export interface Sample {
  /** Seconds since the first line. */
  readonly at: number;
  /** Resident memory, and the part of it that is no file, in MB. */
  readonly resident: number;
  readonly anonymous: number;
  /** Lines that are written and not read yet. */
  readonly behind: number;
  /** Processor time of the last second, in per cent of one processor. */
  readonly cpu: number;
  readonly bans: number;
}

export interface SoakResult {
  readonly samples: readonly Sample[];
  readonly lines: number;
  /** Lines that were never read, or below zero those that were read twice. */
  readonly lost: number;
  readonly rotations: number;
  /** Attackers who crossed the limit at a known moment, and those of them who were not banned within 5 s. */
  readonly expected: number;
  readonly missed: readonly string[];
  /** From an attacker's last line until the daemon tells of the ban, looked at about every 20 ms; in milliseconds. */
  readonly latencies: readonly number[];
  /** Bans made and lifted by hand. */
  readonly byHand: number;
  /** Subjects that either the kernel or the daemon holds and the other does not, at the end. */
  readonly differences: readonly string[];
}

const LIMIT = 5;
/** Long enough to be seen, and short enough to end many times over. */
const BAN_TIME = 20;
const SETTINGS = `
[server.fail2ban]
authentication = "${LIMIT}/10m"
login = "off"
invalid-rcpt = "10/10m"
loitering = "10/10m"
scan = "3/10m"
ban-time = "${BAN_TIME}s"
increment = "off"
[firewall]
backend = "nftables"
[log]
level = "warn"
`;
const STEP = 20;
const SECOND = 1_000;
const CATCH_UP = 30_000;
const BANNED_WITHIN = 5_000;
/** One attacker is watched at a time. */
const ATTACK_EVERY = 2_000;
/** USER_HZ of proc(5), which is the same on every architecture that Linux supports here. */
const TICKS = 100;

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const namespace = openNamespace();
  let daemon: RunningDaemon | null = null;
  try {
    const log = new SoakLog(daemonPaths(options.folder).log);
    daemon = await startDaemon(namespace, options.folder, SETTINGS, options.program);
    const result = await new Soak(options, daemon, log).run();
    const [file, ...prefix] = namespace.inside();
    const run = commandRunner({ prefix: [file ?? '', ...prefix] });
    const policy = { ports: [], action: 'drop', ipv6Prefix: 64, killSockets: false } as const;
    const inKernel = (await nftables({ ...policy, run, now: Date.now }).remaining()).map(({ subject }) =>
      subjectKey(subject),
    );
    const { bans } = await daemon.api.bans(false);
    // What ends within these seconds may be gone from one and not yet from the other.
    const lasting = bans
      .filter(({ until }) => until === null || until > Date.now() + 2 * SECOND)
      .map(({ subject }) => subject);
    const told = new Set(bans.map(({ subject }) => subject));
    const held = new Set(inKernel);
    const differences = [...lasting.filter((one) => !held.has(one)), ...inKernel.filter((one) => !told.has(one))];
    return { ...result, differences };
  } finally {
    await daemon?.stop();
    namespace.remove();
  }
}

type Course = Omit<SoakResult, 'differences'>;

class Soak {
  readonly #options: SoakOptions;
  readonly #daemon: RunningDaemon;
  readonly #log: SoakLog;
  readonly #traffic: Traffic;
  readonly #samples: Sample[] = [];
  readonly #missed: string[] = [];
  readonly #latencies: number[] = [];
  #expected = 0;
  #byHand = 0;
  #start = 0;
  #ticks = 0;

  constructor(options: SoakOptions, daemon: RunningDaemon, log: SoakLog) {
    this.#options = options;
    this.#daemon = daemon;
    this.#log = log;
    this.#traffic = new Traffic(seededRandom(options.seed));
  }

  async run(): Promise<Course> {
    const { rate, seconds, rotateEvery } = this.#options;
    this.#start = performance.now();
    this.#ticks = ticksOf(this.#daemon.pid);
    let written = 0;
    const writing = setInterval(() => {
      const due = Math.floor(Math.min(this.#elapsed(), seconds) * rate - written);
      if (due > 0) this.#log.writeTraffic(this.#traffic, due);
      written += Math.max(due, 0);
    }, STEP);
    const rotating = setInterval(() => this.#log.rotate(), rotateEvery * SECOND);
    try {
      await Promise.all([this.#sampleEachSecond(), this.#attackNowAndThen(), this.#administer()]);
    } finally {
      clearInterval(writing);
      clearInterval(rotating);
    }
    const lost = await this.#catchUp();
    this.#log.close();
    return {
      samples: this.#samples,
      lines: this.#log.lines,
      lost,
      rotations: this.#log.rotations,
      expected: this.#expected,
      missed: this.#missed,
      latencies: this.#latencies,
      byHand: this.#byHand,
    };
  }

  async #sampleEachSecond(): Promise<void> {
    for (let n = 1; n <= this.#options.seconds; n++) {
      await pause(Math.max(0, this.#start + n * SECOND - performance.now()));
      const written = this.#log.lines;
      const { lines, bans } = await this.#daemon.api.status();
      const ticks = ticksOf(this.#daemon.pid);
      const sample: Sample = {
        at: this.#elapsed(),
        ...memoryOf(this.#daemon.pid),
        // What was written while the daemon answered is not behind.
        behind: Math.max(0, written - lines),
        cpu: ((ticks - this.#ticks) / TICKS) * 100,
        bans: bans.active,
      };
      this.#ticks = ticks;
      this.#samples.push(sample);
      this.#options.onSample?.(sample);
    }
  }

  /** Somebody who has never been seen before fails as often as it takes, and has to be banned. */
  async #attackNowAndThen(): Promise<void> {
    while (this.#elapsed() < this.#options.seconds - BANNED_WITHIN / SECOND) {
      const ip = floodAddress(this.#expected++);
      const failures = Array.from({ length: LIMIT }, (_, n) =>
        saslFailure(90_000 + n, 'unknown', ip, `u${n}@example.org`),
      );
      this.#log.write(failures);
      const from = performance.now();
      if (await this.#isBanned(ip)) this.#latencies.push(performance.now() - from);
      else this.#missed.push(ip);
      await pause(ATTACK_EVERY);
    }
  }

  async #isBanned(ip: string): Promise<boolean> {
    const deadline = performance.now() + BANNED_WITHIN;
    while (performance.now() < deadline) {
      const { bans } = await this.#daemon.api.explain(ip);
      if (bans.length > 0) return true;
      await pause(STEP);
    }
    return false;
  }

  /** Every second somebody is banned by hand, and set free the next. */
  async #administer(): Promise<void> {
    for (let n = 0; this.#elapsed() < this.#options.seconds; n++) {
      const subject = `192.0.2.${n % 250}`;
      await this.#daemon.api.ban({ subject, duration: null, force: true });
      await pause(SECOND);
      await this.#daemon.api.unban({ subject });
      this.#byHand++;
    }
  }

  /** How many lines do not come, however long one waits. */
  async #catchUp(): Promise<number> {
    const deadline = performance.now() + CATCH_UP;
    for (;;) {
      const { lines } = await this.#daemon.api.status();
      const lost = this.#log.lines - lines;
      if (lost <= 0 || performance.now() > deadline) return lost;
      await pause(STEP);
    }
  }

  /** In seconds. */
  #elapsed(): number {
    return (performance.now() - this.#start) / SECOND;
  }
}

/** The slope of a line through the points, by least squares. */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const above = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return above / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}

function memoryOf(pid: number): { resident: number; anonymous: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { resident: field('VmRSS'), anonymous: field('RssAnon') };
}

/** The processor time that a process has had (proc(5), fields 14 and 15 of stat). */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
