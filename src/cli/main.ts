/**
 * Where the program starts. Sets the one flag that must be set before any regular expression is compiled, so nothing
 * that compiles one may be imported above it; then hands the process over to `program.ts`.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

// A pattern that would backtrack without end is run by V8's linear engine instead.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

// Run from its sources, a command starts twice as fast with this; the bundle does without. Never in /tmp, where others
// could put code for us to run.
if (import.meta.filename.endsWith('.ts'))
  enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/tailban'));

const [{ default: packageJson }, { runProgram }, { Terminal }] = await Promise.all([
  import('../../package.json', { with: { type: 'json' } }),
  import('./program.ts'),
  import('./terminal.ts'),
]);
let endsWithReader = true;
// `tailban list | head` has all it wants: that is success.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  if (endsWithReader) process.exit(0);
});

process.exitCode = await runProgram({
  args: process.argv.slice(2),
  terminal: new Terminal({
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: () => Date.now(),
  }),
  control: {
    on: (signal, listener) => process.on(signal, listener),
    off: (signal, listener) => process.off(signal, listener),
    exit: (code) => process.exit(code),
    outliveReader: () => {
      endsWithReader = false;
    },
  },
  version: packageJson.version,
});
