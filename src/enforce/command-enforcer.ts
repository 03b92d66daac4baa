/**
 * Bans by commands of the admin's own: one at a time, without a shell. One command for each ban, or in batches one command
 * that reads them as JSON lines. What the commands do is not looked after; where one fails, those that it concerned are
 * tried again, as often as it takes. So a command has to accept that its work is done already.
 */
import { subjectKey } from '../core/subject.ts';
import type { Ban, Change, LoginHandling, Millis, Subject } from '../core/types.ts';
import { EnforceError } from '../errors.ts';
import { banValues, environmentOf, fillIn, unbanValues, type Values, wouldBeOption } from './argument-template.ts';
import type { Run } from './command.ts';
import type { Enforcer, Held } from './types.ts';

type Argv = readonly [string, ...string[]];

export interface CommandEnforcerOptions {
  /** As in `[command.NAME]`. */
  readonly name: string;
  readonly ban: Argv;
  /** Null where nothing is to be done at the end of a ban. */
  readonly unban: Argv | null;
  /** Gets all bans on standard input, to hold these and no others; null where there is no such command. */
  readonly reset: Argv | null;
  /** `ban` gets the bans and the ends of a batch on standard input. */
  readonly batch: boolean;
  readonly types: readonly Subject['type'][];
  /** Whether locked logins are refused by what it does, and not only told to somebody. */
  readonly refusesLogins: boolean;
  readonly run: Run;
  readonly now: () => Millis;
}

/** A program's argument ends at a NUL, and has a limit (execve(2)). */
const LONGEST_LOGIN = 1024;

export function commandEnforcer(options: CommandEnforcerOptions): Enforcer {
  return new CommandEnforcer(options);
}

class CommandEnforcer implements Enforcer {
  readonly name: string;
  readonly logins: LoginHandling | null;
  readonly needsEnds = true;
  readonly #options: CommandEnforcerOptions;
  /** What the commands have been told, and until when. */
  readonly #told = new Map<string, Held>();

  constructor(options: CommandEnforcerOptions) {
    this.name = `command ${options.name}`;
    this.#options = options;
    const refusal = options.refusesLogins ? 'spares nobody' : 'does not stop guesses';
    this.logins = options.types.includes('login') ? refusal : null;
  }

  handles(subject: Subject): boolean {
    const { types, ban, unban, batch } = this.#options;
    if (!types.includes(subject.type)) return false;
    if (subject.type !== 'login' || batch) return true;
    const values = unbanValues(subject);
    const templates = unban === null ? [ban] : [ban, unban];
    if (subject.login.includes('\0') || subject.login.length > LONGEST_LOGIN) return false;
    return !templates.some((template) => wouldBeOption(template, values));
  }

  /** Goes on where one command fails, so that one ban cannot keep the others from being carried out. */
  async apply(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    if (this.#options.batch) {
      await this.#run(this.#options.ban, linesOf(changes, this.#options.now()));
      for (const change of changes) this.#note(change);
      return;
    }
    let failure: unknown = null;
    for (const change of changes) {
      try {
        await this.#carryOut(change);
        this.#note(change);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== null) throw failure;
  }

  /** Without a command for it, tells what has not been told yet; after a start that is everything. */
  async reset(bans: readonly Ban[]): Promise<void> {
    const changes = bans.map((ban): Change => ({ type: 'ban', ban }));
    if (this.#options.reset !== null) {
      await this.#run(this.#options.reset, linesOf(changes, this.#options.now()));
      this.#told.clear();
      for (const change of changes) this.#note(change);
      return;
    }
    const keys = new Set(bans.map(({ subject }) => subjectKey(subject)));
    const over = [...this.#told].filter(([key]) => !keys.has(key));
    const fresh = changes.filter((change) => change.type === 'ban' && !this.#knows(change.ban));
    await this.apply([...over.map(([, { subject }]): Change => ({ type: 'unban', subject })), ...fresh]);
  }

  /** Nobody knows what the commands have done. */
  async intact(): Promise<boolean> {
    return true;
  }

  async remaining(): Promise<readonly Held[]> {
    return [];
  }

  async remove(): Promise<void> {
    await this.reset([]);
  }

  async #carryOut(change: Change): Promise<void> {
    const { ban, unban, now } = this.#options;
    const template = change.type === 'ban' ? ban : unban;
    if (template === null) return;
    const values = valuesOf(change, now());
    await this.#run(fillIn(template, values) as Argv, '', environmentOf(values));
  }

  async #run(argv: Argv, input: string, env?: Readonly<Record<string, string>>): Promise<void> {
    const { exitCode, stderr } = await this.#options.run(argv, input, env);
    if (exitCode === 0) return;
    const said = stderr.trim().split('\n').at(-1);
    throw new EnforceError(`${argv[0]} ended with ${exitCode}${said ? `: ${said}` : ''}`, argv, stderr);
  }

  #note(change: Change): void {
    if (change.type === 'unban') this.#told.delete(subjectKey(change.subject));
    else this.#told.set(subjectKey(change.ban.subject), { subject: change.ban.subject, until: change.ban.until });
  }

  #knows({ subject, until }: Ban): boolean {
    const told = this.#told.get(subjectKey(subject));
    return told !== undefined && told.until === until;
  }
}

function valuesOf(change: Change, now: Millis): Values {
  return change.type === 'ban' ? banValues(change.ban, now) : unbanValues(change.subject);
}

/** An object on each line; `seconds` is a number, or null for a ban without end. */
function linesOf(changes: readonly Change[], now: Millis): string {
  return changes
    .map((change) => {
      const { action, type, subject, until, seconds, reason } = valuesOf(change, now);
      const more =
        action === 'ban'
          ? { until: until === 'permanent' ? null : until, seconds: Number(seconds) || null, reason }
          : {};
      return `${JSON.stringify({ action, type, subject, ...more })}\n`;
    })
    .join('');
}
