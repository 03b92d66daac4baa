/**
 * A Debian booted with its real systemd: debootstrap makes its root once and keeps it in a cache outside of the repository,
 * each test gets a copy of its own, and systemd-nspawn boots that in the server's namespace of a network pair, so that
 * clients come from outside with real packets. Needs root, debootstrap and systemd-nspawn.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { commandRunner, type Run } from '../../src/enforce/command.ts';
import { until } from './daemon.ts';

const CACHE = process.env['TAILBAN_TEST_CACHE'] ?? '/var/cache/tailban-tests';
const ANSWER: Record<string, string> = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
/** Commands in it may take long: an installation waits for a service that starts. */
const TIMEOUT = 120_000;
const BOOT_TIMEOUT = 60_000;

export class Container {
  /** Where its files are, seen from outside. */
  readonly root: string;
  readonly #namespace: string;
  #process: ChildProcess | null = null;
  #leader = 0;
  #said = '';
  readonly #killAtExit = (): void => void this.#process?.kill('SIGKILL');

  private constructor(root: string, namespace: string) {
    this.root = root;
    this.#namespace = namespace;
    process.once('exit', this.#killAtExit);
  }

  /** A fresh one, not booted yet. @param namespace of the network, as `ip netns` knows it */
  static create(suite: string, packages: readonly string[], namespace: string): Container {
    const cached = debianRoot(suite, packages);
    const folder = mkdtempSync(join(tmpdir(), 'tailban-container-'));
    const root = join(folder, 'root');
    execFileSync('cp', ['-a', cached, root]);
    return new Container(root, namespace);
  }

  /** Resolves when all services have been started. */
  async boot(): Promise<void> {
    const options = ['--register=no', '--keep-unit', '--link-journal=no', '--resolv-conf=off', '--timezone=off'];
    // nspawn grants it only where it has made the network itself.
    const capability = '--capability=CAP_NET_ADMIN';
    const network = `--network-namespace-path=/run/netns/${this.#namespace}`;
    const child = spawn(
      'systemd-nspawn',
      ['-q', '-D', this.root, ...options, network, capability, '--console=pipe', '-b'],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (this.#said += data));
    let jobs = '';
    await until(
      () => `the container to have started, which says:\n${this.#said}\nand still has to do:\n${jobs}`,
      async () => {
        if (!this.#findLeader()) return false;
        const { stdout } = await this.#run(['systemctl', 'is-system-running']);
        if (stdout === 'degraded') throw new Error(await this.ok('systemctl', 'status', '--failed'));
        jobs = (await this.#run(['systemctl', 'list-jobs'])).stdout;
        return stdout === 'running';
      },
      BOOT_TIMEOUT,
    );
  }

  async powerOff(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    // It hands this on as a request to shut down.
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), BOOT_TIMEOUT);
    await exited;
    clearTimeout(timer);
  }

  async remove(): Promise<void> {
    await this.powerOff();
    process.removeListener('exit', this.#killAtExit);
    rmSync(dirname(this.root), { recursive: true, force: true });
  }

  /** Runs a command inside; an exit code is a result. */
  run(...argv: readonly [string, ...string[]]): ReturnType<Run> {
    return this.#run(argv);
  }

  /** Runs a command inside that has to work, and gives what it printed. */
  async ok(...argv: readonly [string, ...string[]]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#run(argv);
    if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with ${exitCode}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** Runs a command in its root without booting it. */
  chroot(...argv: readonly string[]): void {
    execFileSync('chroot', [this.root, ...argv], {
      env: { ...process.env, ...ANSWER },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  write(file: string, text: string, mode = 0o644): void {
    const path = join(this.root, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
  }

  read(file: string): string {
    return readFileSync(join(this.root, file), 'utf8');
  }

  #run(argv: readonly [string, ...string[]]): ReturnType<Run> {
    const prefix = ['nsenter', '-t', String(this.#leader), '-m', '-u', '-i', '-n', '-p'];
    return commandRunner({ timeout: TIMEOUT, prefix })(argv, '', ANSWER);
  }

  /** nspawn's child is the container's init, once another one that has prepared it has ended. */
  #findLeader(): boolean {
    const pid = this.#process?.pid ?? 0;
    if (this.#process?.exitCode !== null) throw new Error(`The container has ended at once:\n${this.#said}`);
    const [leader] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    this.#leader = Number(leader);
    return this.#leader > 0;
  }
}

/** The root with these packages, made where the cache has none; nothing in it is ever started. */
function debianRoot(suite: string, packages: readonly string[]): string {
  const digest = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 8);
  const root = join(CACHE, `${suite}-${digest}`);
  if (existsSync(root)) return root;
  // Renamed when it is whole: whoever is interrupted leaves no half of one behind that others would use.
  const draft = `${root}-new-${process.pid}`;
  mkdirSync(CACHE, { recursive: true });
  rmSync(draft, { recursive: true, force: true });
  execFileSync('debootstrap', ['--variant=minbase', `--include=${packages.join(',')}`, suite, draft], {
    env: { ...process.env, ...ANSWER },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(join(draft, 'var/cache/apt'), { recursive: true, force: true });
  renameSync(draft, root);
  return root;
}
