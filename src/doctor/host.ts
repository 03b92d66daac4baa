/**
 * The machine as the checks see it: they read, list and ask, and change nothing. Nothing here throws, because a host that
 * is half broken is what a doctor is for: what cannot be had says why.
 */
import type { Millis } from '../core/types.ts';

export type Lack = 'missing' | 'forbidden' | 'failed';

/** A value, or why there is none. */
export type Had<T> =
  | { readonly had: true; readonly value: T }
  | { readonly had: false; readonly lack: Lack; readonly reason: string };

export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FileFacts {
  readonly type: 'file' | 'folder' | 'socket' | 'other';
  /** The permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly modified: Millis;
}

/** What is free where a path lies, for those who are not root. */
export interface Space {
  readonly bytes: number;
  readonly freeBytes: number;
  /** 0 where the file system does not count them. */
  readonly inodes: number;
  readonly freeInodes: number;
}

export interface Process {
  readonly pid: number;
  /** At most 15 characters (proc(5), comm). */
  readonly name: string;
  /** Whether it runs in a container of this host. */
  readonly contained: boolean;
}

export interface Host {
  now(): Millis;
  /** Of the user who asks; 0 is root. */
  readonly uid: number;
  /** The version of Node.js, such as `26.10.0`. */
  readonly runtime: string;
  /** The address that the admin is logged in from; null where that is not known. */
  readonly adminAddress: string | null;
  /** Runs a program; `missing` where there is none of that name. */
  run(argv: readonly [string, ...string[]]): Promise<Had<Answer>>;
  /** The text of a small file. */
  read(path: string): Promise<Had<string>>;
  /** Complete lines at the end of a file, at most so many bytes of them. */
  tail(path: string, bytes: number): Promise<Had<Buffer>>;
  stat(path: string): Promise<Had<FileFacts>>;
  /** The names in a folder. */
  list(path: string): Promise<Had<readonly string[]>>;
  /** The files that a glob stands for, sorted. */
  glob(pattern: string): Promise<Had<readonly string[]>>;
  space(path: string): Promise<Had<Space>>;
  processes(): Promise<readonly Process[]>;
  /** Whether somebody listens there; a connection is made and closed. */
  answers(place: { readonly host: string; readonly port: number } | { readonly path: string }): Promise<boolean>;
  /** What is wrong with an SQLite file, which is only read; null where it is sound. */
  damage(path: string): Promise<Had<string | null>>;
}

/** What a program printed where it succeeded; null in every other case. */
export async function output(host: Host, ...argv: readonly [string, ...string[]]): Promise<string | null> {
  const answer = await host.run(argv);
  return answer.had && answer.value.exitCode === 0 ? answer.value.stdout : null;
}

export async function exists(host: Host, path: string): Promise<boolean> {
  const facts = await host.stat(path);
  return facts.had || facts.lack === 'forbidden';
}
