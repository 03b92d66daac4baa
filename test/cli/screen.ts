/** A terminal for tests: remembers what was printed, and is as wide as a test wants it. */
import { Readable, Writable } from 'node:stream';
import type { Invocation } from '../../src/cli/invocation.ts';
import { Terminal } from '../../src/cli/terminal.ts';

export interface Screen {
  readonly terminal: Terminal;
  out(): string;
  err(): string;
}

export interface ScreenOptions {
  /** In characters; null is no terminal but a file. */
  readonly columns?: number | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export function screen({ columns = null, env = {}, input = '' }: ScreenOptions = {}): Screen {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') =>
    Object.assign(
      new Writable({
        write(piece: Buffer, _encoding, done) {
          written[name] += piece.toString('utf8');
          done();
        },
      }),
      columns === null ? {} : { isTTY: true, columns },
    );
  const terminal = new Terminal({
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    stdout: stream('out'),
    stderr: stream('err'),
    env,
    now: () => Date.UTC(2026, 10, 22, 9),
  });
  return { terminal, out: () => written.out, err: () => written.err };
}

export function invocation(terminal: Terminal, socketPath: string): Invocation {
  return { terminal, globals: { socket: socketPath }, version: '1.2.3' };
}
