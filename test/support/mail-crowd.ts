/**
 * Many conversations with mail servers at the same time, as one program inside a namespace. The file that it is given
 * holds them as JSON; it prints the answers of each, in their order, as one line of JSON. Who gets no answer that matches
 * has `silence`, `closed` or the code of the error as the last one.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Conversation } from './mail-client.ts';

const PATIENCE = 15_000;
const AT_ONCE = 20;

const conversations = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Conversation[];
const results: string[][] = [];
let next = 0;
await Promise.all(Array.from({ length: AT_ONCE }, work));
process.stdout.write(`${JSON.stringify(results)}\n`);

async function work(): Promise<void> {
  while (next < conversations.length) {
    const index = next++;
    results[index] = await hold(conversations[index] as Conversation);
  }
}

function hold({ from, to, port, steps }: Conversation): Promise<string[]> {
  return new Promise((resolve) => {
    const answers: string[] = [];
    const waiting = [...steps];
    let received = '';
    const socket = connect({ host: to, port, localAddress: from });
    const end = (word?: string): void => {
      if (word !== undefined && waiting.length > 0) answers.push(word);
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(PATIENCE, () => end('silence'));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'ERROR'));
    socket.on('close', () => end('closed'));
    socket.on('data', (data) => {
      received += data.toString('latin1');
      const match = new RegExp(waiting[0]?.answer ?? '', 'm').exec(received);
      if (match === null) return;
      answers.push(match[0]);
      received = '';
      waiting.shift();
      const [step] = waiting;
      if (step === undefined) end();
      else socket.write(`${step.send}\r\n`);
    });
  });
}
