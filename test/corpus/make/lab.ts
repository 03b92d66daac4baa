/**
 * A laboratory for corpora: a Debian of its own in a folder (debootstrap) and a network namespace in which all addresses of
 * servers and clients are local, so that a server runs, is attacked and writes its logs without touching this machine.
 * Needs root, debootstrap and iproute2.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const NETWORKS = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'];
const NETWORK6 = '2001:db8::/32';
/** Set inside the namespace, to the process that stays outside. */
const INSIDE = 'TAILBAN_LAB';

/** The namespace that this program runs in, for who takes its path. */
export function namespacePath(): string {
  return `/run/netns/${nameOf(process.env[INSIDE])}`;
}

function nameOf(outside: string | number | undefined): string {
  return `tailban-lab-${outside}`;
}

/** A namespace of the machine itself, for what has to happen outside of the laboratory. */
export function machineNamespace(kind: 'net' | 'mnt'): string {
  return `/proc/${process.env[INSIDE] ?? process.pid}/ns/${kind}`;
}

/** Runs `work` in a new namespace: starts this program again inside it, and removes the namespace when it is over. */
export async function inNamespace(work: () => Promise<void>): Promise<void> {
  if (process.env[INSIDE] !== undefined) return work();
  const name = nameOf(process.pid);
  const ip = (...args: readonly string[]): void => void execFileSync('ip', args, { stdio: 'inherit' });
  ip('netns', 'add', name);
  try {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    for (const network of NETWORKS) ip('-n', name, 'route', 'add', 'local', network, 'dev', 'lo');
    ip('-n', name, '-6', 'route', 'add', 'local', NETWORK6, 'dev', 'lo');
    ip('netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.ip_nonlocal_bind=1', 'net.ipv6.bindv6only=1');
    const child = spawn('ip', ['netns', 'exec', name, process.execPath, ...process.argv.slice(1)], {
      env: { ...process.env, [INSIDE]: String(process.pid) },
      stdio: 'inherit',
    });
    const [code] = await once(child, 'exit');
    process.exitCode = Number(code);
  } finally {
    ip('netns', 'del', name);
  }
}

/** A Debian in a folder, and the programs that were started in it. */
export class DebianRoot {
  readonly path: string;
  readonly #children: ChildProcess[] = [];

  /** Makes the root where it does not exist yet, and installs the packages without starting anything. */
  constructor(path: string, packages: readonly string[], suite = 'bookworm') {
    this.path = path;
    const machine = `--net=${machineNamespace('net')}`;
    if (!existsSync(join(path, 'usr/bin/apt-get'))) {
      // The network of this machine is needed here and below; the namespace has none.
      const bootstrap = [machine, 'debootstrap', '--variant=minbase', suite, path];
      execFileSync('nsenter', bootstrap, { stdio: 'inherit' });
    }
    this.write('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
    this.write('/etc/resolv.conf', readFileSync('/etc/resolv.conf', 'utf8'));
    if (packages.some((name) => !existsSync(join(path, `usr/share/doc/${name}`)))) {
      const host = ['nsenter', machine, 'chroot', path, 'apt-get'];
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const run = ([program = '', ...args]: readonly string[]): void =>
        void execFileSync(program, args, { env, stdio: 'inherit' });
      run([...host, 'update']);
      run([...host, 'install', '-y', '--no-install-recommends', ...packages]);
    }
    this.write('/etc/resolv.conf', 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
    if (!existsSync(join(path, 'proc/self'))) execFileSync('mount', ['-t', 'proc', 'proc', join(path, 'proc')]);
  }

  write(file: string, text: string, mode = 0o644): void {
    const path = join(this.path, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
  }

  append(file: string, text: string): void {
    appendFileSync(join(this.path, file), text);
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), 'latin1');
  }

  remove(file: string): void {
    rmSync(join(this.path, file), { recursive: true, force: true });
  }

  run(argv: readonly string[], input = ''): string {
    return execFileSync('chroot', [this.path, ...argv], {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  /** Starts a program that stays in the foreground; alone in its process group, for some end their whole group. */
  spawn(argv: readonly string[]): void {
    this.#children.push(
      spawn('chroot', [this.path, ...argv], { stdio: ['ignore', 'ignore', 'inherit'], detached: true }),
    );
  }

  /** rsyslogd with everything of the facilities in one file, in the format that Debian 12 writes, or in that of before. */
  async startSyslog(file: string, facilities: string, traditional = false): Promise<void> {
    const template = traditional ? 'RSYSLOG_TraditionalFileFormat' : 'RSYSLOG_FileFormat';
    const config = [
      'module(load="imuxsock" SysSock.Name="/dev/log")',
      '$FileOwner root',
      `${facilities} action(type="omfile" file="${file}" template="${template}")`,
    ];
    this.write('/etc/rsyslog-lab.conf', `${config.join('\n')}\n`);
    for (const old of [file, '/run/rsyslog-lab.pid', '/dev/log']) this.remove(old);
    this.spawn(['rsyslogd', '-n', '-f', '/etc/rsyslog-lab.conf', '-i', '/run/rsyslog-lab.pid']);
    for (let i = 0; i < 50 && !existsSync(join(this.path, 'dev/log')); i++) await sleep(100);
  }

  /** Ends what was started, last first. */
  async stop(): Promise<void> {
    for (const child of this.#children.splice(0).reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(timer);
    }
  }

  leave(): void {
    execFileSync('umount', [join(this.path, 'proc')]);
  }
}
