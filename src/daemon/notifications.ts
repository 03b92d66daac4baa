/** Whoever the configuration says is to be told: takes what happens, keeps an outbox for each, and says how that goes. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { NotifierView } from '../api/contract.ts';
import type { NotifyConfig } from '../config/config.ts';
import { subjectKey } from '../core/subject.ts';
import type { Ban, Millis, Subject } from '../core/types.ts';
import { commandRunner } from '../enforce/command.ts';
import type { Logger } from '../log.ts';
import { type Condition, Conditions } from '../notify/conditions.ts';
import { Outbox } from '../notify/outbox.ts';
import { commandDelivery, mailDelivery, type Run } from '../notify/program.ts';
import { smtpDelivery } from '../notify/smtp.ts';
import type { Deliver, Notice } from '../notify/types.ts';
import { webhookDelivery } from '../notify/webhook.ts';

export interface NotificationsOptions {
  readonly now: () => Millis;
  readonly log: Logger;
  /** For the metrics. */
  readonly count: (notifier: string, result: 'sent' | 'failed' | 'dropped', count: number) => void;
}

/** sendmail only takes a message in. */
const PROGRAM_TIMEOUT: Millis = 10_000;
/** Where every mail server of Debian puts it. */
const SENDMAIL = '/usr/sbin/sendmail';
const LOCAL_SERVER = { host: '127.0.0.1', port: 25 };

interface Notifier {
  readonly config: NotifyConfig;
  readonly outbox: Outbox;
  readonly trouble: Trouble;
}

/** How sending goes; both null while it works. */
interface Trouble {
  since: Millis | null;
  problem: string | null;
}

export class Notifications {
  readonly #options: NotificationsOptions;
  readonly #conditions = new Conditions();
  #notifiers: readonly Notifier[] = [];

  constructor(options: NotificationsOptions) {
    this.#options = options;
  }

  /** Those that stay as they were keep what waits; the others are told it now. Resolves when that is done. */
  async configure(configs: readonly NotifyConfig[]): Promise<void> {
    const before = this.#notifiers;
    this.#notifiers = configs.map(
      (config) => before.find((one) => JSON.stringify(one.config) === JSON.stringify(config)) ?? this.#notifier(config),
    );
    await stopAll(before.filter((one) => !this.#notifiers.includes(one)));
  }

  banned({ subject, since, until, cause, reason, offence }: Ban): void {
    const { type } = subject;
    const kind = type === 'login' ? 'login' : 'ban';
    this.#tell({ kind, time: since, subject: subjectKey(subject), type, cause, reason, until, offence });
  }

  ended(subject: Subject, why: 'expired' | 'lifted'): void {
    const { type } = subject;
    this.#tell({ kind: 'unban', time: this.#options.now(), subject: subjectKey(subject), type, why });
  }

  /** What works and what does not, to be told every some seconds. */
  look(conditions: readonly Condition[]): void {
    for (const notice of this.#conditions.look(conditions, this.#options.now())) this.#tell(notice);
  }

  views(): NotifierView[] {
    return this.#notifiers.map(({ config, outbox, trouble }) => ({
      name: config.name,
      waiting: outbox.waiting,
      failingSince: trouble.since,
      problem: trouble.problem,
    }));
  }

  /** Tries once more to send what waits. */
  async stop(): Promise<void> {
    await stopAll(this.#notifiers);
  }

  #tell(notice: Notice): void {
    for (const { config, outbox } of this.#notifiers) if (config.events.includes(notice.kind)) outbox.add(notice);
  }

  #notifier(config: NotifyConfig): Notifier {
    const { name, every, max } = config;
    const { now, log, count } = this.#options;
    const trouble: Trouble = { since: null, problem: null };
    const outbox = new Outbox({
      host: hostname(),
      deliver: delivery(config.way, now),
      every,
      max,
      now,
      onSent: () => {
        count(name, 'sent', 1);
        if (trouble.since !== null) log.info({ notifier: name }, `${name} can be notified again`);
        trouble.since = null;
        trouble.problem = null;
      },
      onFailure: (error, retryIn) => {
        count(name, 'failed', 1);
        if (trouble.since === null)
          log.warn({ notifier: name }, `${name} cannot be notified, trying again: ${error.message}`);
        if (retryIn === null) log.warn({ notifier: name }, `a message to ${name} was given up: ${error.message}`);
        trouble.since ??= now();
        trouble.problem = error.message;
      },
      onDropped: (dropped) => count(name, 'dropped', dropped),
    });
    return { config, outbox, trouble };
  }
}

function delivery(way: NotifyConfig['way'], now: () => Millis): Deliver {
  switch (way.type) {
    case 'webhook':
      return webhookDelivery({ ...way, now });
    case 'mail':
      return byMail(way);
    case 'command':
      return commandDelivery(way.argv, runProgram);
  }
}

function byMail({ recipients, from, sendmail, smtp }: Extract<NotifyConfig['way'], { type: 'mail' }>): Deliver {
  const server = smtp ?? (sendmail === null && isConfined() ? LOCAL_SERVER : null);
  if (server !== null) return smtpDelivery({ recipients, from, ...server });
  return mailDelivery({ recipients, from, sendmail: sendmail ?? SENDMAIL, run: runProgram });
}

/** As a service that may not gain privileges, and so could not run a sendmail that has them (PR_SET_NO_NEW_PRIVS). */
function isConfined(): boolean {
  try {
    return /^NoNewPrivs:\s*1$/m.test(readFileSync('/proc/self/status', 'utf8'));
  } catch {
    return false;
  }
}

const runProgram: Run = (argv, input, signal) => commandRunner({ timeout: PROGRAM_TIMEOUT, signal })(argv, input);

async function stopAll(notifiers: readonly Notifier[]): Promise<void> {
  await Promise.all(notifiers.map(({ outbox }) => outbox.stop()));
}
