/** `tailban ban`: bans by hand. Tells the daemon where the admin is logged in from, so that it can refuse to lock him out. */
import type { BanRequest, BanView } from '../../api/contract.ts';
import { oneLine } from '../../core/one-line.ts';
import type { Millis } from '../../core/types.ts';
import { adminAddress } from '../admin-address.ts';
import { readDurationOption } from '../durations.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';
import { requireSubject, type SubjectOptions } from '../subject-argument.ts';
import { expiry, wallClock } from '../times.ts';

export interface BanOptions extends SubjectOptions {
  readonly for?: string;
  readonly permanent?: boolean;
  readonly reason?: string;
  readonly force?: boolean;
}

export async function ban(
  invocation: Invocation,
  argument: string | undefined,
  options: BanOptions,
): Promise<ExitCode> {
  const { terminal } = invocation;
  const from = adminAddress({ env: terminal.env, pid: process.pid, proc: '/proc' });
  const request: BanRequest = {
    subject: requireSubject(argument, options),
    force: options.force === true,
    ...durationOf(options),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(from === null ? {} : { from }),
  };
  const made = await (await connect(invocation)).ban(request);
  terminal.print(`Banned ${describe(made)}`);
  return EXIT.ok;
}

/** Nothing where neither option is given: the daemon then takes the configured ban time. */
function durationOf({ for: length, permanent }: BanOptions): { duration?: Millis | null } {
  if (permanent) return { duration: null };
  return length === undefined ? {} : { duration: readDurationOption('--for', length) };
}

function describe({ subject, type, since, until }: BanView): string {
  const name = type === 'login' ? `the login ${oneLine(subject)}` : subject;
  if (until === null) return `${name} for good`;
  return `${name} until ${wallClock(until)} (${expiry(until, since)})`;
}
