/** `tailban run`: the daemon in the foreground, and the control that an admin or systemd sends it. */
import { messageOf } from '../../errors.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Invocation } from '../invocation.ts';
import { configPath, filtersFolder, ownFiltersFolder } from '../places.ts';

export interface RunOptions {
  readonly dryRun?: boolean;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
}

/** As much of the process as is needed here. */
export interface ProcessControl {
  on(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGUSR1', listener: () => void): unknown;
  off(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGUSR1', listener: () => void): unknown;
  exit(code: number): void;
  /** From now on a reader of the output that goes away is no reason to end. */
  outliveReader(): void;
}

/** A shell tells so of a process that a signal ended (bash(1), EXIT STATUS). */
const SIGNALLED = 128;
const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/** Resolves when the daemon has stopped. A first SIGTERM or SIGINT stops it in good order, a second one at once. */
export async function run(invocation: Invocation, options: RunOptions, control: ProcessControl): Promise<ExitCode> {
  const { terminal, globals, version } = invocation;
  const stopping = Promise.withResolvers<void>();
  let stopped = false;
  const stopOn = (signal: keyof typeof NUMBERS) => (): void => {
    if (stopped) control.exit(SIGNALLED + NUMBERS[signal]);
    stopped = true;
    stopping.resolve();
  };
  const listeners = { SIGINT: stopOn('SIGINT'), SIGTERM: stopOn('SIGTERM') };
  // A SIGHUP during the start is remembered until there is something to reload.
  let wantsReload = false;
  let hangUp = (): void => {
    wantsReload = true;
  };
  const reload = (): void => hangUp();
  // Without a listener, Node.js would open its debugger. Whatever is opened at the start is new.
  let openAnew = (): void => {};
  const reopen = (): void => openAnew();
  control.outliveReader();
  control.on('SIGINT', listeners.SIGINT);
  control.on('SIGTERM', listeners.SIGTERM);
  control.on('SIGHUP', reload);
  control.on('SIGUSR1', reopen);
  try {
    const [{ startDaemon }, { serviceManager, statusLine }] = await Promise.all([
      import('../../daemon.ts'),
      import('../../daemon/service-manager.ts'),
    ]);
    let path = configPath(globals.config);
    const daemon = await startDaemon({
      // Where there was none at the start, a reload looks for it again.
      get configPath() {
        path ??= configPath(globals.config);
        return path;
      },
      dryRun: options.dryRun === true,
      filterFolder: filtersFolder(),
      ownFilterFolder: ownFiltersFolder(globals.filters),
      version,
      terminal: terminal.isTty,
      output: terminal.output,
      ...(globals.socket === undefined ? {} : { socketPath: globals.socket }),
      ...(options.logLevel === undefined ? {} : { logLevel: options.logLevel }),
    });
    hangUp = (): void => {
      daemon.reload().catch((error: unknown) => terminal.fail(`Cannot reload: ${messageOf(error)}`, ''));
    };
    openAnew = (): void => daemon.reopenLog();
    if (wantsReload) hangUp();
    const manager = serviceManager({
      env: terminal.env,
      pid: process.pid,
      status: () => statusLine(daemon.status()),
      warn: (message) => terminal.note(message),
    });
    manager?.ready();
    await stopping.promise;
    manager?.stopping();
    await daemon.stop();
    return EXIT.ok;
  } finally {
    control.off('SIGINT', listeners.SIGINT);
    control.off('SIGTERM', listeners.SIGTERM);
    control.off('SIGHUP', reload);
    control.off('SIGUSR1', reopen);
  }
}
