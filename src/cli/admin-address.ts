/**
 * The address that the admin is logged in from, so that nobody bans himself. sshd leaves it in the environment
 * (SSH_CONNECTION, SSH_CLIENT: ssh(1)); sudo and su take it out again, but it still stands in the environment of a
 * process further up, which root may read in /proc (proc(5)).
 */
import { readFileSync } from 'node:fs';
import { type Address, parseAddress } from '../core/ip.ts';

export interface AdminOrigin {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The process to begin with. */
  readonly pid: number;
  /** Where processes show themselves: `/proc`. */
  readonly proc: string;
}

const FARTHEST = 64;

/** Null where nobody is logged in through SSH, or this user may not look. */
export function adminAddress({ env, pid, proc }: AdminOrigin): Address | null {
  const own = clientOf(env['SSH_CONNECTION'] ?? env['SSH_CLIENT']);
  if (own !== null) return own;
  let ancestor = parentOf(proc, pid);
  for (let depth = 0; ancestor > 1 && depth < FARTHEST; depth++) {
    const found = clientOf(variableOf(proc, ancestor));
    if (found !== null) return found;
    ancestor = parentOf(proc, ancestor);
  }
  return null;
}

/** The first word is the client's address; a link-local one has its interface behind `%`. */
function clientOf(text: string | undefined): Address | null {
  return text === undefined ? null : parseAddress(text.split(' ', 1)[0]?.split('%', 1)[0] ?? '');
}

function variableOf(proc: string, pid: number): string | undefined {
  const variables = read(`${proc}/${pid}/environ`).split('\0');
  for (const name of ['SSH_CONNECTION=', 'SSH_CLIENT=']) {
    const found = variables.find((variable) => variable.startsWith(name));
    if (found !== undefined) return found.slice(name.length);
  }
  return undefined;
}

/** 0 where there is none. */
function parentOf(proc: string, pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(read(`${proc}/${pid}/status`))?.[1] ?? 0);
}

/** Empty where the process is gone or somebody else's. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
