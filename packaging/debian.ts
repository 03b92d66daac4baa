/**
 * The Debian package: control files, and dpkg-deb to put everything together, which needs neither root nor debhelper. It
 * takes the time of everything from SOURCE_DATE_EPOCH, and sorts.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from './build.ts';
import { documentEntries, libraryEntries, type Program, sharedEntries } from './contents.ts';
import type { Architecture, Runtime } from './runtime.ts';
import { type Entry, EXECUTABLE, writeTree } from './tree.ts';

export interface PackageOptions {
  readonly program: Program;
  readonly runtime: Runtime;
  readonly version: string;
  readonly architecture: Architecture;
  /** Where the package is put. */
  readonly folder: string;
  /** A folder to work in. */
  readonly scratch: string;
  /** The time of everything in it, in seconds since the epoch. */
  readonly seconds: number;
  /** Larger, but made in a moment. */
  readonly quick: boolean;
}

/**
 * What Node.js is linked to, in the versions of `objdump -T`; passwd makes the user. ss (iproute2) ends the connections
 * of who is banned, which is good to have but protects nobody.
 */
const DEPENDS = 'nftables, passwd, libc6 (>= 2.28), libstdc++6 (>= 5.2), libgcc-s1, libatomic1';
const SCRIPTS = ['preinst', 'postinst', 'prerm', 'postrm'] as const;
const LIBRARY = 'usr/lib/tailban';
const DOCUMENTS = 'usr/share/doc/tailban';

/** @returns the file's name. */
export function debianPackage(options: PackageOptions): string {
  const { version, architecture, folder, scratch, seconds, quick } = options;
  const root = join(scratch, `deb-${architecture}`);
  rmSync(root, { recursive: true, force: true });
  writeTree(root, entriesOf(options), seconds);
  writeTree(root, controlEntries(options, root), seconds);
  const file = join(folder, `tailban_${version}_${architecture}.deb`);
  mkdirSync(folder, { recursive: true });
  // One thread: with several, xz cuts the data into as many blocks as there are processors.
  const compression = quick ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6', '--threads-max=1'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', root, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(root, { recursive: true });
  return file;
}

function entriesOf({ program, runtime }: PackageOptions): Entry[] {
  return [
    ...libraryEntries(program, runtime, LIBRARY),
    ...documentEntries(program, runtime, DOCUMENTS),
    ...sharedEntries('usr/share'),
    { path: 'usr/sbin/tailban', linkTo: '../lib/tailban/bin/tailban' },
    { path: 'usr/lib/systemd/system/tailban.service', copyOf: join(import.meta.dirname, 'systemd/tailban.service') },
    { path: `${DOCUMENTS}/changelog.gz`, text: gzipSync(readFileSync(join(ROOT, 'CHANGELOG.md')), { level: 9 }) },
    { path: 'etc/tailban/filters', folder: true },
    { path: 'etc/tailban/tailban.d', folder: true },
  ];
}

/** See deb(5) and deb-control(5). */
function controlEntries({ version, architecture }: PackageOptions, root: string): Entry[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(root, path)).isFile() && !path.startsWith('usr/sbin/'))
    .sort();
  const kibibytes = files.reduce((sum, path) => sum + Math.ceil(statSync(join(root, path)).size / 1024), 0);
  const sums = files.map((path) => `${digestOf(join(root, path))}  ${path}\n`);
  return [
    { path: 'DEBIAN/control', text: controlText(version, architecture, kibibytes) },
    { path: 'DEBIAN/md5sums', text: sums.join('') },
    ...SCRIPTS.map((name) => ({
      path: `DEBIAN/${name}`,
      copyOf: join(import.meta.dirname, 'debian', name),
      mode: EXECUTABLE,
    })),
  ];
}

function controlText(version: string, architecture: Architecture, kibibytes: number): string {
  return `Package: tailban
Version: ${version}
Architecture: ${architecture}
Maintainer: the tailban authors <tailban@localhost>
Installed-Size: ${kibibytes}
Depends: ${DEPENDS}
Recommends: iproute2
Section: mail
Priority: optional
Description: keeps attackers off mail servers
 tailban tails the logs of a mail server, counts failures per address, IPv6
 prefix and login, and shuts attackers out with nftables; it takes fail2ban's
 place on a mail host. It finds the logs by itself and brings its own runtime.
`;
}

/** MD5, because that is what md5sums of a package is; it finds broken disks, not attackers. */
function digestOf(file: string): string {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}
