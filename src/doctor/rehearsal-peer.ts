/**
 * The program that runs inside the network namespace of a rehearsal, with the port that is tried as its argument. For each
 * address on standard input it says whether a client from there is let in. It ends with its input, and the namespace ends
 * with it.
 */
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const HOST = '127.0.0.1';
const CONNECT_PATIENCE = 1_000;

const port = Number(process.argv[2]);

function say(word: string): void {
  process.stdout.write(`${word}\n`);
}

const server = createServer((socket) => socket.destroy());

function listen(): void {
  server.once('error', (error) => say(error.message));
  server.listen(port, HOST, () => say('listening'));
}

function dial(from: string): void {
  const socket = connect({ host: HOST, port, localAddress: from, timeout: CONNECT_PATIENCE });
  const end = (word: string): void => {
    socket.destroy();
    say(word);
  };
  socket.once('connect', () => end('connected'));
  socket.once('timeout', () => end('blocked'));
  socket.once('error', ({ code = '', message }: NodeJS.ErrnoException) =>
    end(['ECONNREFUSED', 'ECONNRESET'].includes(code) ? 'blocked' : message),
  );
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => (line === 'listen' ? listen() : dial(line)));
// With the server nothing is left that keeps this process up, but for clients that give up within a second.
lines.on('close', () => server.close());
say('ready');
