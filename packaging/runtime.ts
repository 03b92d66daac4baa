/**
 * The runtime that a package carries: the Node.js that package-lock.json pins, for this architecture or another one. It
 * comes from npm, and its bytes are those that the lock file promises, or nothing is built.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './build.ts';

/** Debian's names of the architectures, with those of Node.js. */
export const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' } as const;
export type Architecture = keyof typeof ARCHITECTURES;

export interface Runtime {
  /** The npm package's name, which is its folder below node_modules too. */
  readonly name: string;
  /** Where it lies unpacked. */
  readonly folder: string;
}

const CACHE = join(ROOT, 'node_modules/.cache/tailban-runtime');

/** @throws Error where it cannot be had, or is not what the lock file says. */
export function runtimeFor(architecture: Architecture): Runtime {
  const name = `node-linux-${ARCHITECTURES[architecture]}`;
  const { version, integrity } = pinned(name);
  const archive = join(CACHE, `${name}-${version}.tgz`);
  if (!existsSync(archive)) {
    mkdirSync(CACHE, { recursive: true });
    execFileSync('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', CACHE], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  const [algorithm = ''] = integrity.split('-', 1);
  const found = `${algorithm}-${createHash(algorithm).update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) {
    rmSync(archive);
    throw new Error(`Cannot use ${archive}: its digest is ${found}, package-lock.json says ${integrity}`);
  }
  const folder = join(CACHE, `${name}-${version}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1', '--no-same-owner']);
  return { name, folder };
}

function pinned(name: string): { readonly version: string; readonly integrity: string } {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const entry = lock.packages?.[`node_modules/${name}`];
  if (typeof entry?.version !== 'string' || typeof entry.integrity !== 'string')
    throw new Error(`Cannot find ${name} with its integrity in package-lock.json`);
  return entry;
}
