/** The program that runs inside a namespace for netns.ts: a TCP server, one connection attempt, or an open connection. */
import { connect, createServer, type Socket } from 'node:net';

const [role = '', ...args] = process.argv.slice(2);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function serve(port: number): void {
  const server = createServer((socket) => {
    const peer = socket.remoteAddress ?? '';
    say(`open ${peer}`);
    socket.on('error', () => {});
    socket.on('close', () => say(`closed ${peer}`));
    socket.write('220 ready\r\n');
    socket.resume();
  });
  server.listen(port, '::', () => say('listening'));
}

function dial(from: string, to: string, port: number): Socket {
  return connect({ host: to, port, localAddress: from });
}

function probe(from: string, to: string, port: number, timeout: number): void {
  const socket = dial(from, to, port);
  const end = (result: string): void => {
    socket.destroy();
    say(result);
    process.exit();
  };
  setTimeout(() => end('timeout'), timeout);
  socket.on('connect', () => end('connected'));
  socket.on('error', (error: NodeJS.ErrnoException) => end(words.get(error.code ?? '') ?? `${error.code}`));
}

const words = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['ETIMEDOUT', 'timeout'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['EACCES', 'unreachable'],
]);

function hold(from: string, to: string, port: number): void {
  const socket = dial(from, to, port);
  let code = 'END';
  socket.once('data', () => {
    say('connected');
    setInterval(() => socket.write('NOOP\r\n'), 100).unref();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    code = error.code ?? 'ERROR';
  });
  socket.on('close', () => say(`closed ${code}`));
}

switch (role) {
  case 'serve':
    serve(Number(args[0]));
    break;
  case 'probe':
    probe(args[0] ?? '', args[1] ?? '', Number(args[2]), Number(args[3]));
    break;
  case 'hold':
    hold(args[0] ?? '', args[1] ?? '', Number(args[2]));
    break;
  default:
    throw new RangeError(`Cannot play the role "${role}": it is serve, probe or hold`);
}
