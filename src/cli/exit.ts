/**
 * How a command ends: exit codes as sysexits.h names them, and errors as people read them, a sentence and a hint. Other
 * modules throw what fits them; here is the one place that turns that into a code.
 */
import { ApiError } from '../api/client.ts';
import { messageOf } from '../errors.ts';
import { StoreError, type StoreTrouble } from '../store/failure.ts';
import { SocketError } from '../system/unix-socket.ts';

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
  if (error instanceof StoreError)
    return { exitCode: STORE_EXITS[error.trouble], message: error.message, hint: error.hint };
  const code = systemExit(error);
  if (error instanceof SocketError)
    return { exitCode: code ?? EXIT.unavailable, message: error.message, hint: error.hint };
  const message = messageOf(error);
  if (code !== null) return { exitCode: code, message, hint: '' };
  return { exitCode: EXIT.internal, message: `Internal error: ${message}`, hint: 'Please report this' };
}

/** systemd starts the daemon again after every code but `config`: where only an admin can help, it is that. */
const STORE_EXITS: Readonly<Record<StoreTrouble, ExitCode>> = {
  'in-use': EXIT.unavailable,
  newer: EXIT.config,
  foreign: EXIT.config,
  missing: EXIT.noInput,
  directory: EXIT.cannotCreate,
  permission: EXIT.permission,
  full: EXIT.cannotCreate,
  damaged: EXIT.ioError,
  failed: EXIT.unavailable,
};

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

/** What the system's own error means, such as EACCES, wherever it stands in the chain of causes; null where there is none. */
function systemExit(error: unknown): ExitCode | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    const exit = 'code' in cause && typeof cause.code === 'string' ? SYSTEM_EXITS[cause.code] : undefined;
    if (exit !== undefined) return exit;
  }
  return null;
}
