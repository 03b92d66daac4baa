/** The package for other distributions: a folder with everything in it, and the scripts that install and remove it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { documentEntries, libraryEntries, sharedEntries } from './contents.ts';
import type { PackageOptions } from './debian.ts';
import { ARCHITECTURES } from './runtime.ts';
import { type Entry, EXECUTABLE, writeTree } from './tree.ts';

/** @returns the file's name. */
export function tarball(options: PackageOptions): string {
  const { program, runtime, version, architecture, folder, scratch, seconds, quick } = options;
  const name = `tailban-${version}-linux-${ARCHITECTURES[architecture]}`;
  const root = join(scratch, 'tar');
  rmSync(root, { recursive: true, force: true });
  const here = (file: string, mode?: number): Entry => ({
    path: file,
    copyOf: join(import.meta.dirname, file),
    ...(mode === undefined ? {} : { mode }),
  });
  const entries = [
    ...libraryEntries(program, runtime, 'lib'),
    ...documentEntries(program, runtime, 'doc'),
    ...sharedEntries('share'),
    here('systemd/tailban.service'),
    here('openrc/tailban', EXECUTABLE),
    here('install.sh', EXECUTABLE),
    here('uninstall.sh', EXECUTABLE),
  ];
  writeTree(join(root, name), entries, seconds);
  const file = join(folder, `${name}.tar.${quick ? 'gz' : 'xz'}`);
  mkdirSync(folder, { recursive: true });
  const same = ['--sort=name', '--format=gnu', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${seconds}`];
  const compressor = quick ? 'gzip -1 -n' : 'xz -6 -T1';
  execFileSync('tar', [...same, `--use-compress-program=${compressor}`, '-cf', file, '-C', root, name]);
  rmSync(root, { recursive: true });
  return file;
}
