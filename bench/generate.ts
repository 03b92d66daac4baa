/**
 * Writes the log that the bench reads: Postfix and Dovecot traffic of one day, the same bytes for the same seed. Many
 * clients are served at once, so the lines of their conversations lie between each other as in a real log.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { attack, saslFailure } from './attacks.ts';
import type { Conversation, Line, Scene } from './conversation.ts';
import { ordinaryConversation } from './ordinary.ts';
import { makePeople } from './people.ts';
import { type Random, seededRandom } from './random.ts';

export interface LogOptions {
  readonly lines: number;
  readonly seed: number;
  /** The time of the last line; the first one is a day earlier. */
  readonly end: number;
}

export interface LogFacts {
  readonly lines: number;
  readonly bytes: number;
  /** Lines of connections that attackers made. */
  readonly attackers: number;
  /** Those among them that tell of a failure by themselves. */
  readonly failures: number;
}

/** One line in five is an attacker's doing. */
const ATTACKERS_SHARE = 0.2;
const DAY = 86_400_000;
/** Clients that are served at once. */
const CLIENTS = 24;
const CONNECTIONS_PER_PROCESS = 100;
const BATCH = 1024 * 1024;

/** Writes the day's traffic to the file. */
export function generateLog(path: string, options: LogOptions): LogFacts {
  const random = seededRandom(options.seed);
  const traffic = new Traffic(random);
  const log = new LogWriter(path);
  const mean = DAY / options.lines;
  let time = options.end - DAY;
  for (let i = 0; i < options.lines; i++) {
    time += 2 * mean * random.next();
    log.write(time, random.below(1000), traffic.next().text);
  }
  log.close();
  return { lines: options.lines, bytes: log.bytes, attackers: traffic.attackers, failures: traffic.failures };
}

/** Writes one failed login from each of so many addresses, evenly over the hour before `end`. */
export function generateAddressFlood(path: string, addresses: number, end: number): LogFacts {
  const log = new LogWriter(path);
  const hour = DAY / 24;
  for (let i = 0; i < addresses; i++) {
    const text = saslFailure(1000 + (i % 50), 'unknown', floodAddress(i), `user${i % 1000}@example.org`);
    log.write(end - hour + (hour * i) / addresses, i % 1000, text);
  }
  log.close();
  return { lines: addresses, bytes: log.bytes, attackers: addresses, failures: addresses };
}

/** A different address for each number below four million, out of the shared network of RFC 6598. */
export function floodAddress(index: number): string {
  return `100.${64 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}`;
}

/** A line as rsyslog writes it with its high-precision stamps. */
export function stamped(time: number, micros: number, text: string): string {
  return `${new Date(time).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}+00:00 mx1 ${text}\n`;
}

/** The clients that are being served, each with its own process, and what they will say next. */
export class Traffic {
  attackers = 0;
  failures = 0;
  readonly #random: Random;
  readonly #scenes: Scene[];
  readonly #conversations: { lines: Conversation; at: number; isAttack: boolean }[];
  #lines = 0;
  #served = 0;

  constructor(random: Random) {
    this.#random = random;
    const people = makePeople(random);
    this.#scenes = Array.from({ length: CLIENTS }, (_, index) => ({ random, people, pid: processId(index, 0) }));
    this.#conversations = this.#scenes.map(() => ({ lines: [], at: 0, isAttack: false }));
  }

  next(): Line {
    for (;;) {
      const client = this.#random.below(CLIENTS);
      const conversation = this.#conversations[client];
      const line = conversation?.lines[conversation.at];
      if (conversation === undefined || line === undefined) {
        this.#serve(client);
        continue;
      }
      conversation.at++;
      this.#lines++;
      if (conversation.isAttack) this.attackers++;
      if (line.hostile) this.failures++;
      return line;
    }
  }

  /** Whoever comes next: more attackers while there have been too few of their lines, fewer while too many. */
  #serve(client: number): void {
    const scene = this.#scenes[client];
    if (scene === undefined) return;
    const isBehind = this.attackers < ATTACKERS_SHARE * this.#lines;
    const isAttack = this.#random.chance(isBehind ? 0.6 : 0.25);
    this.#conversations[client] = { lines: isAttack ? attack(scene) : ordinaryConversation(scene), at: 0, isAttack };
    this.#served++;
    const generation = Math.floor(this.#served / CONNECTIONS_PER_PROCESS);
    if (this.#served % CONNECTIONS_PER_PROCESS === 0)
      this.#scenes[client] = { ...scene, pid: processId(client, generation) };
  }
}

/** Processes come and go, but no two clients have the same one at once. A client's conversation names up to five. */
function processId(client: number, generation: number): number {
  return 1000 + client * 2500 + (generation % 500) * 5;
}

class LogWriter {
  bytes = 0;
  readonly #file: number;
  #batch: string[] = [];
  #length = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  write(time: number, micros: number, text: string): void {
    const line = stamped(time, micros, text);
    this.#batch.push(line);
    this.#length += line.length;
    if (this.#length >= BATCH) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    this.bytes += writeSync(this.#file, this.#batch.join(''));
    this.#batch = [];
    this.#length = 0;
  }
}
