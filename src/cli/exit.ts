/**
 * How a command ends: exit codes as sysexits.h names them, and errors as people read them, a sentence and a hint. Other
 * modules throw what fits them; here is the one place that turns that into a code.
 */
import { ApiError } from '../api/client.ts';

export const EXIT = {
  ok: 0,
  /** The daemon says no, or there is no such thing. */
  refused: 1,
  /** What `tailban doctor` has found. */
  warnings: 1,
  problems: 2,
  usage: 64,
  badData: 65,
  noInput: 66,
  unavailable: 69,
  internal: 70,
  cannotCreate: 73,
  ioError: 74,
  permission: 77,
  config: 78,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error that a command has words for. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly hint: string;

  constructor(exitCode: ExitCode, message: string, hint = '', options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** What to say of an error, and the exit code that it means. */
export interface Ending {
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hint: string;
}

/** @param error anything that was thrown; what nobody has words for is a fault of tailban itself. */
export function endingOf(error: unknown): Ending {
  if (error instanceof CliError) return { exitCode: error.exitCode, message: error.message, hint: error.hint };
  if (error instanceof ApiError) return { exitCode: apiExitCode(error), message: error.message, hint: error.hint };
  const code = systemCode(error);
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error ? String(error.hint) : '';
  if (code !== null) return { exitCode: SYSTEM_EXITS[code] ?? EXIT.internal, message, hint };
  if (hint !== '') return { exitCode: EXIT.unavailable, message, hint };
  return { exitCode: EXIT.internal, message: `Internal error: ${message}`, hint: 'Please report this' };
}

const SYSTEM_EXITS: Readonly<Record<string, ExitCode>> = {
  EACCES: EXIT.permission,
  EPERM: EXIT.permission,
  ENOENT: EXIT.noInput,
  EISDIR: EXIT.noInput,
  EADDRINUSE: EXIT.unavailable,
  EROFS: EXIT.cannotCreate,
  ENOSPC: EXIT.cannotCreate,
  EIO: EXIT.ioError,
};

function apiExitCode({ problem, status }: ApiError): ExitCode {
  if (problem === 'unavailable') return EXIT.unavailable;
  if (problem === 'forbidden') return EXIT.permission;
  if (problem === 'failed') return EXIT.internal;
  if (status === 422) return EXIT.config;
  if (status === 413) return EXIT.badData;
  return status === 400 ? EXIT.usage : EXIT.refused;
}

/** The code of the system's own error, such as EACCES, wherever it stands in the chain of causes. */
function systemCode(error: unknown): string | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if ('code' in cause && typeof cause.code === 'string' && cause.code in SYSTEM_EXITS) return cause.code;
  }
  return null;
}
