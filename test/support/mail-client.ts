/**
 * One conversation with a mail server, as a program of its own inside a namespace: connects from an address and then, for
 * each step, sends a line and waits for an answer. Prints what matched of every answer, and `done` at the end or why it
 * came to none. Who is to `stay` keeps the connection in use until it is ended, by whichever side.
 */
import { connect } from 'node:net';

export interface Step {
  readonly send?: string;
  /** A regular expression for a line of the answer. */
  readonly answer: string;
}

export interface Conversation {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly steps: readonly Step[];
  /** A line to send again and again. */
  readonly stay?: string;
}

const { from, to, port, steps, stay } = JSON.parse(process.argv[2] ?? '') as Conversation;
const PATIENCE = 12_000;
const STAY_EVERY = 200;
const STAY_PATIENCE = 1_500;

const socket = connect({ host: to, port, localAddress: from });
const waiting = [...steps];
let received = '';
let timer = setTimeout(() => end('silence'), PATIENCE);

socket.on('data', (data) => {
  received += data.toString('latin1');
  next();
});
socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'ERROR'));
socket.on('close', () => end('closed'));

function next(): void {
  const [step] = waiting;
  if (step === undefined) {
    timer.refresh();
    return;
  }
  const answer = new RegExp(step.answer, 'm').exec(received);
  if (answer === null) return;
  say(answer[0]);
  received = '';
  waiting.shift();
  clearTimeout(timer);
  const [following] = waiting;
  if (following === undefined) {
    finish();
    return;
  }
  timer = setTimeout(() => end('silence'), PATIENCE);
  if (following.send !== undefined) socket.write(`${following.send}\r\n`);
}

function finish(): void {
  if (stay === undefined) {
    end('done');
    return;
  }
  say('done');
  timer = setTimeout(() => end('silence'), STAY_PATIENCE);
  setInterval(() => socket.write(`${stay}\r\n`), STAY_EVERY);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function end(word: string): void {
  say(word);
  process.exit();
}
