/**
 * What the service manager is told of the daemon (sd_notify(3)): that its bans are in force, how it is, and that its event
 * loop turns. Where nobody listens, nothing is sent.
 */
import type { Status } from '../api/contract.ts';
import type { Millis } from '../core/types.ts';
import { type DatagramSender, datagramSender } from '../system/unix-datagram.ts';

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** One line on how the daemon is. */
  readonly status: () => string;
  /** Told once, when the service manager cannot be reached. */
  readonly warn: (message: string) => void;
}

export interface ServiceManager {
  /** Says that bans are in force, and from now on that we are alive. */
  ready(): void;
  /** Says that we end; it hears no more. */
  stopping(): void;
}

/** Without a watchdog, the status is brought up to date so often. */
const STATUS_EVERY: Millis = 20_000;
/** A message may be lost, or come late on a busy host. */
const MESSAGES_PER_TIMEOUT = 3;
/** `systemctl status` shows one line. */
const LONGEST_STATUS = 500;

/** Null where there is no service manager, such as on a terminal or in a container, or where it cannot be reached. */
export function serviceManager(options: ServiceManagerOptions): ServiceManager | null {
  const path = options.env['NOTIFY_SOCKET'];
  if (path === undefined || path === '') return null;
  const sender = datagramSender(path);
  if (sender === null)
    options.warn(`systemd cannot be told how tailban is: this Node.js cannot send to ${JSON.stringify(path)}`);
  return sender === null ? null : new Systemd(options, sender);
}

class Systemd implements ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #sender: DatagramSender;
  readonly #watchdog: Millis | null;
  #timer: NodeJS.Timeout | null = null;
  #isReady = false;
  #isFailing = false;

  constructor(options: ServiceManagerOptions, sender: DatagramSender) {
    this.#options = options;
    this.#sender = sender;
    this.#watchdog = watchdogOf(options);
  }

  ready(): void {
    const every = this.#watchdog === null ? STATUS_EVERY : this.#watchdog / MESSAGES_PER_TIMEOUT;
    this.#timer = setInterval(() => this.#tell(), every);
    this.#tell();
  }

  stopping(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#say(['STOPPING=1', 'STATUS=Stopping; bans stay in force']);
    this.#sender.close();
  }

  /** Being ready is said until it is heard, or a lost message would end in a failed start. */
  #tell(): void {
    const isHeard = this.#say([
      ...(this.#isReady ? [] : ['READY=1']),
      ...(this.#watchdog === null ? [] : ['WATCHDOG=1']),
      `STATUS=${oneLine(this.#options.status())}`,
    ]);
    this.#isReady ||= isHeard;
    if (!isHeard && !this.#isFailing) this.#options.warn('systemd does not take what it is told of tailban');
    this.#isFailing = !isHeard;
  }

  #say(assignments: readonly string[]): boolean {
    return this.#sender.send(Buffer.from(assignments.join('\n')));
  }
}

/** How long we may be silent, where it is us who is watched (sd_watchdog_enabled(3)); it is in microseconds there. */
function watchdogOf({ env, pid }: ServiceManagerOptions): Millis | null {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: watched = String(pid) } = env;
  return /^[1-9]\d{3,12}$/.test(microseconds) && watched === String(pid) ? Number(microseconds) / 1_000 : null;
}

/** A line break would begin another assignment. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, LONGEST_STATUS);
}

/** What is wrong comes first: that is what somebody who asks has to know. */
export function statusLine({ bans, sources, problems, dryRun }: Status): string {
  const count = `${bans.active} ${bans.active === 1 ? 'ban' : 'bans'} ${dryRun ? 'recorded' : 'in force'}`;
  const names = sources.map(({ name }) => name).join(', ');
  const work = `${count}, ${names === '' ? 'looking for logs' : `reading ${names}`}`;
  const [problem] = problems;
  if (problem === undefined) return work;
  return `${problem}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''}; ${work}`;
}
