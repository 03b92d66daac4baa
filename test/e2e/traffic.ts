/**
 * Mail traffic for the crash test: many connections at once, told in lines that are written as they happen, into two
 * logs that are rotated meanwhile. What each address did is known, so that the counters can be checked.
 *
 * So that two daemons must come to exactly the same result, an address that may be banned and a login that may be banned
 * have all their lines in one file: across files the order of reading is open.
 */
import { join } from 'node:path';
import {
  type Body,
  httpProbe,
  idleConnection,
  onlyEcho,
  stamped,
  unknownRecipients,
  userWithTypo,
  wrongImap,
  wrongSubmission,
} from '../support/mail-lines.ts';
import type { Random } from '../support/random.ts';
import { RotatingLog, type Rotation } from '../support/rotating-log.ts';

/** The limits that this traffic plays with; the short bans end and come again, twice as long. */
export const LIMITS = `
authentication = "6/30m"
login = "9/30m"
invalid-rcpt = "8/30m"
loitering = { attempts = 4, within = "30m", block-for = "1s" }
scan = { attempts = 3, within = "30m", block-for = "2s" }
ban-time = "6h"
`;

interface Story {
  readonly log: RotatingLog;
  readonly bodies: Body[];
  readonly begun: number;
}

/** A story is told within so long: what a connection holds back, tailban waits for no longer than 5 s. */
const LONGEST_STORY = 1_500;
const MOST_AT_ONCE = 16;
/** Each quiet address fails less often than any limit. */
const QUIET = 5;

export class Traffic {
  readonly logs: readonly RotatingLog[];
  lines = 0;
  /** When an attempt was last told of that no server line follows; it counts half a minute later. */
  lastEcho = 0;
  /** The addresses that stay under all limits, with the number of their failed logins. */
  readonly quiet = new Map<string, number>();
  readonly #random: Random;
  readonly #start = Date.now();
  readonly #stories: Story[] = [];
  #count = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(folder: string, random: Random) {
    this.logs = [new RotatingLog(join(folder, 'mail.log')), new RotatingLog(join(folder, 'dovecot.log'))];
    this.#random = random;
    for (const log of this.logs) log.write(stamped(Date.now(), 'rsyslogd: start'));
  }

  start(): void {
    this.#timer = setInterval(() => this.#step(), 20);
  }

  /** Tells all stories to their end. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    while (this.#stories.length > 0) this.#tell(0);
    for (const log of this.logs) log.close();
  }

  #step(): void {
    const random = this.#random;
    for (let n = random.below(3); n > 0 && this.#stories.length < MOST_AT_ONCE; n--) this.#begin();
    for (let n = random.below(8); n > 0 && this.#stories.length > 0; n--)
      this.#tell(random.below(this.#stories.length));
    const late = this.#stories.filter(({ begun }) => begun < Date.now() - LONGEST_STORY);
    for (const story of late) while (this.#stories.includes(story)) this.#tell(this.#stories.indexOf(story));
    if (random.chance(0.004)) this.#rotate(0, 'rename');
    if (random.chance(0.004)) this.#rotate(1, 'copytruncate');
  }

  /** The next line of a story, sometimes only its beginning. */
  #tell(index: number): void {
    const story = this.#stories[index];
    const body = story?.bodies.shift();
    if (story === undefined || body === undefined) return void this.#stories.splice(index, 1);
    if (story.bodies.length === 0) this.#stories.splice(index, 1);
    const line = stamped(Date.now(), body);
    this.lines++;
    story.log.write(line, this.#random.chance(0.05) ? this.#random.below(line.length) : 0);
  }

  #begin(): void {
    const which = this.#random.below(this.logs.length);
    const log = this.logs[which];
    if (log !== undefined) this.#stories.push({ log, bodies: this.#story(which), begun: Date.now() });
  }

  #story(which: number): Body[] {
    const random = this.#random;
    const numbers = { next: () => 1000 + this.#count++ };
    const bad = random.chance(0.3)
      ? `2001:db8:${which}${random.below(8)}::${random.below(9)}`
      : `198.51.100.${which * 100 + random.below(60)}`;
    const login = `user${random.below(30)}@file${which}.example`;
    const choice = random.next();
    if (choice < 0.25) return wrongSubmission(numbers, bad, login);
    if (choice < 0.4) return wrongImap(numbers, bad, [login, `x${random.below(400)}@file${which}.example`]);
    if (choice < 0.55) return unknownRecipients(numbers, bad, 1 + random.below(3));
    if (choice < 0.65) return idleConnection(numbers, `203.0.113.${which * 10 + random.below(6)}`);
    if (choice < 0.75) return httpProbe(numbers, `203.0.113.${which * 10 + random.below(6)}`);
    if (choice < 0.8) return userWithTypo(numbers, bad, `good@file${which}.example`);
    return this.#quietStory();
  }

  /** A mistyped password here and there, in either file, by addresses that nobody may ban. */
  #quietStory(): Body[] {
    const random = this.#random;
    const numbers = { next: () => 1000 + this.#count++ };
    const mayEcho = Date.now() - this.#start < 20_000 && random.chance(0.3);
    const ip = mayEcho ? `198.18.1.${random.below(50)}` : `198.18.0.${random.below(200)}`;
    const failures = (this.quiet.get(ip) ?? 0) + 1;
    if (failures > QUIET) return userWithTypo(numbers, ip, 'good@example.org');
    this.quiet.set(ip, failures);
    const login = `quiet${this.#count++}@example.org`;
    if (!mayEcho) return random.chance(0.5) ? wrongSubmission(numbers, ip, login) : wrongImap(numbers, ip, [login]);
    this.lastEcho = Date.now();
    return onlyEcho(ip, login);
  }

  #rotate(which: number, how: Rotation): void {
    this.logs[which]?.rotate(how, { stay: this.#random.below(4), first: stamped(Date.now(), 'rsyslogd: rotated') });
  }
}
