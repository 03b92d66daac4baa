/** Ends the process, with a word on what it was doing, when a step never ends: who hangs cannot tell so itself. */
import { Worker } from 'node:worker_threads';

export interface Watchdog {
  /** To be called before each step. */
  readonly beat: () => void;
  stop(): Promise<void>;
}

/** In milliseconds; a step takes some dozens at most, also on a machine with much else to do. */
const PATIENCE = 60_000;

const CODE = `
const { workerData } = require('node:worker_threads');
const beats = new Int32Array(workerData.shared);
let last = -1;
setInterval(() => {
  const now = Atomics.load(beats, 0);
  if (now === last) {
    require('node:fs').writeSync(2, 'It hangs in step ' + now + ' of ' + workerData.what + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }
  last = now;
}, workerData.patience);
`;

/** @param what is under way, in words */
export function watchdog(what: string): Watchdog {
  const shared = new SharedArrayBuffer(4);
  const beats = new Int32Array(shared);
  const worker = new Worker(CODE, { eval: true, workerData: { shared, what, patience: PATIENCE } });
  worker.unref();
  return {
    beat: () => void Atomics.add(beats, 0, 1),
    stop: async () => void (await worker.terminate()),
  };
}
