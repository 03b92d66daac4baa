/** Folders, pages and programs that the web servers of the corpus share. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER } from './http-client.ts';
import { ALICE, PLACES } from './http-scenarios.ts';

export interface Site {
  readonly folder: string;
  /** Its pages. */
  readonly root: string;
  /** Its htpasswd file. */
  readonly passwords: string;
  write(file: string, text: string): string;
  read(file: string): string;
  /** Starts a program that stays in the foreground. */
  start(argv: readonly [string, ...string[]]): { stop(): Promise<void> };
  /**
   * A syslog daemon that writes to a file, as Debian 12 formats it, what comes by UDP and over /dev/log. There it puts a
   * /dev of its own, for the namespace is private in that too.
   */
  startSyslog(file: string): Promise<void>;
  /** Ends the programs, last first. */
  stop(): Promise<void>;
  remove(): void;
}

export const SYSLOG_PORT = 514;
/** The same each time, for it shows in the logs. */
const FOLDER = '/run/tailban-corpus';

export function makeSite(): Site {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { mode: 0o755 });
  const folder = FOLDER;
  const children: ChildProcess[] = [];
  const site: Site = {
    folder,
    root: join(folder, 'www'),
    passwords: join(folder, 'htpasswd'),
    write: (file, text) => {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    },
    read: (file) => readFileSync(join(folder, file), 'latin1'),
    start: ([program, ...args]) => {
      const child = spawn(program, args, { stdio: 'inherit' });
      children.push(child);
      return { stop: () => end(child) };
    },
    startSyslog: async (file) => {
      ownDevices(join(folder, 'dev'));
      const config = site.write(
        'rsyslog.conf',
        [
          'module(load="imuxsock" SysSock.Name="/dev/log")',
          'module(load="imudp")',
          `input(type="imudp" address="127.0.0.1" port="${SYSLOG_PORT}")`,
          `*.* action(type="omfile" file="${join(folder, file)}" template="RSYSLOG_FileFormat")`,
          '',
        ].join('\n'),
      );
      site.start(['rsyslogd', '-n', '-f', config, '-i', join(folder, 'rsyslog.pid')]);
      await sleep(1_000);
    },
    stop: async () => {
      for (const child of children.splice(0).reverse()) await end(child);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
  const pages = [
    'index.html',
    'protected/index.html',
    PLACES.blog.slice(1),
    'logs/.keep',
    'Microsoft-Server-ActiveSync/x',
  ];
  for (const page of pages) site.write(join('www', page), 'Here it is.\n');
  mkdirSync(join(folder, 'logs'));
  const hash = execFileSync('openssl', ['passwd', '-apr1', ALICE.password], { encoding: 'utf8' });
  site.write('htpasswd', `${ALICE.name}:${hash}`);
  return site;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

function ownDevices(folder: string): void {
  const run = (program: string, ...args: readonly string[]): void => void execFileSync(program, args);
  mkdirSync(folder);
  run('mount', '-t', 'tmpfs', 'tmpfs', folder);
  for (const [name = '', minor = ''] of [
    ['null', '3'],
    ['zero', '5'],
    ['random', '8'],
    ['urandom', '9'],
  ])
    run('mknod', '-m', '666', join(folder, name), 'c', '1', minor);
  run('mount', '--move', folder, '/dev');
}

/** Waits until the server takes connections, 5 s at most. */
export async function serverAnswers(port: number = SERVER.port): Promise<void> {
  for (let i = 0; i < 50; i++) {
    const socket = connect({ host: SERVER.four, port });
    const answered = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (answered) return;
    await sleep(100);
  }
  throw new Error(`Cannot attack the server: nothing listens at ${SERVER.four}:${port}`);
}
