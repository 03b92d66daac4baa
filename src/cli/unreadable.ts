/** Why a file cannot be read, in words, and the exit code that this means. */
import { EXIT, type ExitCode } from './exit.ts';
import { MissingProgram } from './match/unpack.ts';

export interface Unreadable {
  readonly reason: string;
  readonly exitCode: ExitCode;
}

const REASONS: Readonly<Record<string, Unreadable>> = {
  ENOENT: { reason: 'there is no such file', exitCode: EXIT.noInput },
  ENOTDIR: { reason: 'there is no such file', exitCode: EXIT.noInput },
  EISDIR: { reason: 'it is a directory', exitCode: EXIT.noInput },
  EACCES: { reason: 'this user may not read it', exitCode: EXIT.permission },
  EIO: { reason: 'the disk reports an error', exitCode: EXIT.ioError },
  Z_BUF_ERROR: { reason: 'the packed data ends too early', exitCode: EXIT.badData },
  Z_DATA_ERROR: { reason: 'the packed data is damaged', exitCode: EXIT.badData },
};

/** Null for what is no error of reading. */
export function unreadable(error: unknown): Unreadable | null {
  if (error instanceof MissingProgram) return { reason: error.message, exitCode: EXIT.unavailable };
  if (!(error instanceof Error) || !('code' in error)) return null;
  const code = String(error.code);
  return (
    REASONS[code.startsWith('ZSTD_error') ? 'Z_DATA_ERROR' : code] ?? { reason: error.message, exitCode: EXIT.noInput }
  );
}
