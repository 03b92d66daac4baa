/**
 * Stands between what happens and whoever is told of it: gathers notices into messages, keeps to the limit of messages,
 * tries again when one cannot be sent. Taking a notice never fails, never waits and never takes more than a bounded memory:
 * what is too much to wait is counted, and the next message says how much that was.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as timer } from 'node:timers/promises';
import type { Limit, Millis } from '../core/types.ts';
import type { Deliver, Message, Notice, NoticeKind } from './types.ts';

export interface OutboxOptions {
  readonly host: string;
  readonly deliver: Deliver;
  /** How long to gather, from the first notice on. */
  readonly every: Millis;
  /** The most messages in a period; null is no limit. */
  readonly max: Limit | null;
  readonly now: () => Millis;
  /** Resolves after the duration, or at once when the signal aborts. */
  readonly sleep?: (duration: Millis, signal: AbortSignal) => Promise<void>;
  readonly onSent?: () => void;
  /** Each failed try; `retryIn` is null where the message is given up. */
  readonly onFailure?: (error: Error, retryIn: Millis | null) => void;
  /** Notices that nobody will be told but by their number. */
  readonly onDropped?: (count: number) => void;
}

const MOST_WAITING = 1_000;
/** Beyond them only for what is broken, which no storm of bans may hide. */
const ROOM_FOR_TROUBLES = 100;
const FIRST_RETRY: Millis = 1_000;
const LAST_RETRY: Millis = 300_000;
/** A timer of Node.js takes no more than 24 days. */
const LONGEST_SLEEP: Millis = 86_400_000;
/** The last of them comes after about half an hour. */
const MOST_TRIES = 12;
/** So long a stop of the daemon may take because of us. */
const LAST_CHANCE: Millis = 2_000;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #sleep: (duration: Millis, signal: AbortSignal) => Promise<void>;
  #waiting: Notice[] = [];
  #omitted: Partial<Record<NoticeKind, number>> = {};
  /** When messages went out, within the period of the limit. */
  #sent: Millis[] = [];
  #loop: Promise<void> | null = null;
  readonly #stopping = new AbortController();
  /** Aborted when not even a message on its way is waited for any more. */
  readonly #ending = new AbortController();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#sleep = options.sleep ?? sleepFor;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(notice: Notice): void {
    if (this.#stopping.signal.aborted) return;
    const room = 'problem' in notice ? MOST_WAITING + ROOM_FOR_TROUBLES : MOST_WAITING;
    if (this.#waiting.length < room) this.#waiting.push(notice);
    else this.#omit([notice]);
    this.#loop ??= this.#run();
  }

  /** Tries once more to send what waits, for two seconds at most. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const patience = setTimeout(() => this.#ending.abort(), LAST_CHANCE);
    const out = once(this.#ending.signal, 'abort');
    await Promise.race([this.#end(), out]);
    clearTimeout(patience);
    this.#ending.abort();
  }

  async #end(): Promise<void> {
    await this.#loop;
    if (this.#ending.signal.aborted) return;
    if (this.#hasNews() && this.#untilRoom() === 0) await this.#try(this.#take());
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (this.#hasNews() && !signal.aborted) {
      await this.#sleep(this.#options.every, signal);
      while (this.#untilRoom() > 0 && !signal.aborted)
        await this.#sleep(Math.min(this.#untilRoom(), LONGEST_SLEEP), signal);
      if (signal.aborted) break;
      await this.#send(this.#take());
    }
    this.#loop = null;
  }

  /** Sends one message, or gives it up. */
  async #send(message: Message): Promise<void> {
    const { signal } = this.#stopping;
    for (let tries = 1; ; tries++) {
      const error = await this.#try(message);
      if (error === null) return;
      const retryIn = tries < MOST_TRIES && !signal.aborted ? retryDelay(tries) : null;
      this.#options.onFailure?.(error, retryIn);
      if (retryIn === null) {
        this.#omit(message.notices);
        for (const [kind, count] of Object.entries(message.omitted)) this.#add(kind as NoticeKind, count);
        return;
      }
      await this.#sleep(retryIn, signal);
    }
  }

  async #try(message: Message): Promise<Error | null> {
    try {
      await this.#options.deliver(message, this.#ending.signal);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    this.#options.onSent?.();
    return null;
  }

  #take(): Message {
    const { host, now } = this.#options;
    const message = { id: randomUUID(), host, time: now(), notices: this.#waiting, omitted: this.#omitted };
    this.#waiting = [];
    this.#omitted = {};
    this.#sent.push(message.time);
    return message;
  }

  #omit(notices: readonly Notice[]): void {
    for (const { kind } of notices) this.#add(kind, 1);
    if (notices.length > 0) this.#options.onDropped?.(notices.length);
  }

  #add(kind: NoticeKind, count: number): void {
    this.#omitted[kind] = (this.#omitted[kind] ?? 0) + count;
  }

  #hasNews(): boolean {
    return this.#waiting.length > 0 || Object.keys(this.#omitted).length > 0;
  }

  /** How long until the limit lets another message out. A clock that was put back must not hold it up. */
  #untilRoom(): Millis {
    const { max, now } = this.#options;
    if (max === null) {
      this.#sent = [];
      return 0;
    }
    const time = now();
    this.#sent = this.#sent.filter((sent) => sent > time - max.period && sent <= time).slice(-max.count);
    const [oldest] = this.#sent;
    return oldest === undefined || this.#sent.length < max.count ? 0 : oldest + max.period - time;
  }
}

function retryDelay(tries: number): Millis {
  return Math.min(FIRST_RETRY * 3 ** (tries - 1), LAST_RETRY);
}

async function sleepFor(duration: Millis, signal: AbortSignal): Promise<void> {
  try {
    await timer(duration, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
