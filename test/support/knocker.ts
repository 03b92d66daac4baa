/**
 * Knocks at a port again and again, as a program of its own inside a namespace: `FROM TO PORT`. Prints a line for what has
 * become of it whenever that changes: `connected`, `silence`, or the code of the error.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [from = '', to = '', port = ''] = process.argv.slice(2);
const PATIENCE = 250;
const PAUSE = 20;

let last = '';
for (;;) {
  const result = await knock();
  if (result !== last) process.stdout.write(`${result}\n`);
  last = result;
  await sleep(PAUSE);
}

function knock(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host: to, port: Number(port), localAddress: from });
  socket.once('connect', () => resolve('connected'));
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  const timer = setTimeout(() => resolve('silence'), PATIENCE);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}
