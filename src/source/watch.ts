/**
 * The only user of chokidar: tells at once that something happened to a path in a watched directory. It is a wake-up
 * call and not the truth; whoever is woken looks at the disk, and looks again every few seconds in case of a lost call.
 */
import { join } from 'node:path';
import { watch } from 'chokidar';
import { errorCode } from './glob.ts';

/** `content`: written to, or its mode changed. `names`: created, deleted or renamed. */
export type WatchEvent = 'content' | 'names';

export interface Watch {
  /** Settles when every directory that exists is being watched. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export interface WatchOptions {
  /** Directories; one that is missing is waited for. */
  readonly roots: readonly string[];
  /** Whether a path is a file of interest. */
  readonly isLog: (path: string) => boolean;
  /** Whether a directory has to be watched too. */
  readonly mayContain: (directory: string) => boolean;
  readonly onEvent: (path: string, event: WatchEvent) => void;
  /** The kernel would not watch, such as for lack of inotify watches (inotify(7)). */
  readonly onError: (error: Error) => void;
}

/** Anything else concerns one path, which whoever is woken cannot read either, and says so. */
const EXHAUSTED: ReadonlySet<string> = new Set(['ENOSPC', 'EMFILE', 'ENFILE']);

/** Setting up takes milliseconds; a file system that hangs must not keep the daemon from starting. */
const LONGEST_SETUP = 5_000;

export function watchFiles(options: WatchOptions): Watch {
  const watcher = watch([...options.roots], {
    ignoreInitial: true,
    atomic: false,
    awaitWriteFinish: false,
    ignored: (path) => !options.isLog(path) && !options.mayContain(path),
  });
  // chokidar holds a `change` back for up to 50 ms when one came before; `raw` is the inotify event itself (0.3 ms).
  watcher.on('raw', (kind, name, details) => {
    const path = pathOf(name, details, options.isLog);
    if (path !== null) options.onEvent(path, kind === 'change' ? 'content' : 'names');
  });
  watcher.on('all', (kind, path) => options.onEvent(path, kind === 'change' ? 'content' : 'names'));
  watcher.on('error', (error) => {
    const code = errorCode(error);
    if (error instanceof Error && code !== null && EXHAUSTED.has(code)) options.onError(error);
  });
  const ready = Promise.withResolvers<void>();
  const late = setTimeout(ready.resolve, LONGEST_SETUP);
  const isReady = () => {
    clearTimeout(late);
    ready.resolve();
  };
  watcher.once('ready', isReady);
  return {
    ready: ready.promise,
    close() {
      isReady();
      return watcher.close();
    },
  };
}

/** The raw event names an entry of the watched directory; where a link is followed, the link itself is the path. */
function pathOf(name: string | null, details: unknown, isLog: (path: string) => boolean): string | null {
  if (typeof details !== 'object' || details === null || !('watchedPath' in details)) return null;
  const watched = details.watchedPath;
  if (typeof watched !== 'string') return null;
  return name === null || isLog(watched) ? watched : join(watched, name);
}
