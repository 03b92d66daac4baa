/**
 * A unix socket as a file: where it may be made, what to do with one that is there already, and who may talk to it. A
 * socket outlives its daemon when that is killed; one that nobody answers is replaced, one that answers is left alone.
 */
import { chmod, chown, lstat, mkdir, readFile, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { messageOf } from '../errors.ts';

/** The socket cannot be used; `cause` is what the system said, where it did. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** `sun_path` holds 108 bytes with its closing NUL (unix(7)). */
const LONGEST_PATH = 107;
const ANSWER_WITHIN_MS = 1_000;

/**
 * Makes the way free for a new socket: the directory, and no socket of a daemon that is gone.
 * @param setting where the path stands in the configuration
 * @throws SocketError
 */
export async function clearSocketPath(path: string, setting: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new SocketError(
      `Cannot listen at ${path}: the path has ${Buffer.byteLength(path)} bytes, at most ${LONGEST_PATH} are possible`,
      `Set a shorter ${setting}`,
    );
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const kind = await kindOf(path);
    if (kind === 'nothing') return;
    if (kind === 'other') throw new SocketError(`Cannot listen at ${path}: it is no socket`, 'Move it away');
    if (await answers(path))
      throw new SocketError(
        `Cannot listen at ${path}: another tailban answers there`,
        `systemctl stop tailban, or give this one another ${setting}`,
      );
    await unlink(path);
  } catch (error) {
    throw error instanceof SocketError ? error : socketError(path, error, setting);
  }
}

/** What the system said, as a sentence. */
export function socketError(path: string, error: unknown, setting: string): SocketError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const hint =
    code === 'EACCES' || code === 'EPERM' ? `Run as root, or set ${setting} to where this user may write` : '';
  return new SocketError(`Cannot listen at ${path}: ${messageOf(error)}`, hint, { cause: error });
}

/**
 * Lets root and the members of the group talk to the daemon, and nobody else (0660). Where there is no such group, or
 * this user cannot give files to it, only the user itself may.
 * @returns what an admin should know, or null.
 */
export async function restrictSocket(path: string, group: string, groupFile = '/etc/group'): Promise<string | null> {
  const gid = await groupId(group, groupFile);
  let problem: string | null = null;
  if (gid !== null) {
    try {
      // A service that runs in the group has it already, and need not be allowed to change it.
      if ((await stat(path)).gid !== gid) await chown(path, -1, gid);
    } catch (error) {
      problem = `The socket cannot be given to the group ${group}: ${messageOf(error)}`;
    }
  }
  await chmod(path, 0o660);
  return problem;
}

async function kindOf(path: string): Promise<'nothing' | 'socket' | 'other'> {
  try {
    return (await lstat(path)).isSocket() ? 'socket' : 'other';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'nothing';
    throw error;
  }
}

/** Whether somebody listens. A daemon that is too busy to accept is alive too. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (alive: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(alive);
    };
    const timer = setTimeout(() => finish(true), ANSWER_WITHIN_MS);
    socket.once('connect', () => finish(true));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

/** The number of a group, from a file like /etc/group (group(5)); null where there is none. */
async function groupId(name: string, file: string): Promise<number | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return null;
  }
  for (const line of text.split('\n')) {
    const [group, , id = ''] = line.split(':');
    if (group === name && /^\d+$/.test(id)) return Number(id);
  }
  return null;
}
