/** The machine that we run on. Turns every failure into a reason, since no check may stop at one. */
import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import type { Millis } from '../core/types.ts';
import { commandRunner, isMissing } from '../enforce/command.ts';
import { messageOf } from '../errors.ts';
import { compileGlobs, errorCode } from '../source/glob.ts';
import { openLog } from '../source/open-log.ts';
import { connectToRead, firstDamage } from '../store/database.ts';
import type { Had, Host, Process, Space } from './host.ts';

/** A program that asks a hung service must not keep the rest waiting. */
const COMMAND_PATIENCE: Millis = 10_000;
const CONNECT_PATIENCE: Millis = 2_000;
/** What is read as a whole is a configuration or a file of the kernel's. */
const LARGEST_TEXT = 4 * 1024 * 1024;
const NEWLINE = 10;

export interface ThisHostOptions {
  readonly now: () => Millis;
  readonly adminAddress: string | null;
  /** Put before every command, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[];
}

export function thisHost({ now, adminAddress, prefix = [] }: ThisHostOptions): Host {
  const run = commandRunner({ timeout: COMMAND_PATIENCE, prefix });
  return {
    now,
    adminAddress,
    uid: process.getuid?.() ?? 0,
    runtime: process.versions.node,
    run: async (argv) => {
      try {
        return { had: true, value: await run(argv) };
      } catch (error) {
        return { had: false, lack: isMissing(error) ? 'missing' : 'failed', reason: messageOf(error) };
      }
    },
    read: (path) => attempt(() => readSmall(path)),
    tail: (path, bytes) => attempt(() => tailOf(path, bytes)),
    stat: (path) =>
      attempt(async () => {
        const stats = await stat(path);
        const type = stats.isFile()
          ? 'file'
          : stats.isDirectory()
            ? 'folder'
            : stats.isSocket()
              ? 'socket'
              : ('other' as const);
        const { uid, gid, size, mtimeMs } = stats;
        return { type, mode: stats.mode & 0o7777, uid, gid, size, modified: mtimeMs };
      }),
    list: (path) => attempt(() => readdir(path)),
    glob: (pattern) =>
      attempt(async () => {
        const { files, problems } = await compileGlobs([pattern]).list();
        const [first] = problems.values();
        if (files.size === 0 && first !== undefined) throw first;
        return [...files.keys()];
      }),
    space: (path) => attempt(() => spaceAt(path)),
    processes,
    answers,
    damage: (path) => attempt(() => damageOf(path)),
  };
}

async function attempt<T>(work: () => Promise<T>): Promise<Had<T>> {
  try {
    return { had: true, value: await work() };
  } catch (error) {
    const code = errorCode(error);
    const lack =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? 'missing'
        : code === 'EACCES' || code === 'EPERM'
          ? 'forbidden'
          : 'failed';
    return { had: false, lack, reason: messageOf(error) };
  }
}

/** A pipe or a device in the place of a file would be read without end. Files of the kernel's say that they are empty. */
async function readSmall(path: string): Promise<string> {
  const stats = await stat(path);
  if (!stats.isFile()) throw new Error(`${path} is no regular file`);
  if (stats.size > LARGEST_TEXT) throw new Error(`${path} is larger than ${LARGEST_TEXT} bytes`);
  return readFile(path, 'utf8');
}

async function tailOf(path: string, bytes: number): Promise<Buffer> {
  const { handle, size } = await openLog(path);
  try {
    const start = Math.max(0, size - bytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    const read = buffer.subarray(0, bytesRead);
    const from = start === 0 ? 0 : read.indexOf(NEWLINE) + 1;
    return read.subarray(from, read.lastIndexOf(NEWLINE) + 1);
  } finally {
    await handle.close();
  }
}

async function spaceAt(path: string): Promise<Space> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  return { bytes: blocks * bsize, freeBytes: bavail * bsize, inodes: files, freeInodes: ffree };
}

async function processes(): Promise<readonly Process[]> {
  const names = await readdir('/proc').catch(() => []);
  // Inside a container everything is in it, and nothing is to be told apart.
  const isInside = CONTAINED.test(await readFile('/proc/self/cgroup', 'utf8').catch(() => ''));
  const found = names
    .filter((name) => /^\d+$/.test(name))
    .map(async (name): Promise<Process | null> => {
      try {
        const comm = (await readFile(join('/proc', name, 'comm'), 'utf8')).trimEnd();
        const groups = await readFile(join('/proc', name, 'cgroup'), 'utf8').catch(() => '');
        return { pid: Number(name), name: comm, contained: !isInside && CONTAINED.test(groups) };
      } catch {
        // It has ended meanwhile.
        return null;
      }
    });
  return (await Promise.all(found)).filter((one) => one !== null);
}

/** How the runtimes of containers call their control groups. */
const CONTAINED = /docker[-/]|libpod|kubepods|\/lxc[./]|cri-containerd|machine\.slice/;

function answers(
  place: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectSocket({ ...place, timeout: CONNECT_PATIENCE });
  const end = (answer: boolean): void => {
    socket.destroy();
    resolve(answer);
  };
  socket.once('connect', () => end(true));
  socket.once('timeout', () => end(false));
  socket.once('error', () => end(false));
  return promise;
}

async function damageOf(path: string): Promise<string | null> {
  const hasLog = await stat(`${path}-wal`).then(
    ({ size }) => size > 0,
    () => false,
  );
  // Opened for nothing but reading, and without a log of its own that could be older than the file.
  const db = connectToRead(path, !hasLog);
  try {
    return firstDamage(db);
  } finally {
    db.close();
  }
}
