/** Notifications through programs of the host: e-mail by sendmail, or a command of the admin's own. */
import { mailOf } from './mail.ts';
import type { Deliver } from './types.ts';
import { noticeObject } from './words.ts';

/** Runs a program with that standard input and waits for its end, or ends it when the signal aborts. @throws Error where it cannot be run or hangs */
export type Run = (
  argv: readonly [string, ...string[]],
  input: string,
  signal: AbortSignal,
) => Promise<{ readonly exitCode: number; readonly stderr: string }>;

export interface MailOptions {
  readonly recipients: readonly string[];
  /** Null: tailban at this host. */
  readonly from: string | null;
  readonly sendmail: string;
  readonly run: Run;
}

/**
 * `-i`: a line with a dot alone does not end the text. The sender of the envelope is empty, as RFC 3834 section 3.3 wants
 * it of machines: what cannot be delivered does not come back.
 */
export function mailDelivery({ recipients, from, sendmail, run }: MailOptions): Deliver {
  return (message, signal) =>
    runOrThrow(run, [sendmail, '-i', '-f', '<>', '--', ...recipients], mailOf(message, recipients, from), signal);
}

/** The command reads one JSON object a line; what was too much to be listed is counted in the last one. */
export function commandDelivery(argv: readonly [string, ...string[]], run: Run): Deliver {
  return ({ notices, omitted }, signal) => {
    const objects = notices.map(noticeObject);
    if (Object.keys(omitted).length > 0) objects.push({ event: 'omitted', ...omitted });
    return runOrThrow(run, argv, objects.map((object) => `${JSON.stringify(object)}\n`).join(''), signal);
  };
}

async function runOrThrow(
  run: Run,
  argv: readonly [string, ...string[]],
  input: string,
  signal: AbortSignal,
): Promise<void> {
  const { exitCode, stderr } = await run(argv, input, signal);
  if (exitCode === 0) return;
  const said = stderr.trim().split('\n').at(-1);
  throw new Error(`${argv[0]} ended with ${exitCode}${said ? `: ${said}` : ''}`);
}
