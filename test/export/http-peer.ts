/**
 * The programs of the HTTP tests, inside a namespace. `site PORT` answers every request when it has all of it. `ask JSON`
 * carries out the steps of a conversation, each on a line of its own: the statuses of the answers, as `200 200 429`.
 */
import { type ClientRequest, createServer, type IncomingMessage, request } from 'node:http';

/** Requests from one address. */
export interface Conversation {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** So many requests, one after the other. */
  readonly times?: number;
  /** So many uploads at once, which are finished when no more of them are refused; the refused ones come first. */
  readonly uploads?: number;
}

/** By then a server has said no. */
const PATIENCE = 500;

function site(port: number): void {
  const server = createServer((message, response) => {
    message.on('end', () => response.end('ok'));
    message.resume();
  });
  server.listen(port, '127.0.0.1', () => say('listening'));
}

async function ask({ from, to, port, steps }: Conversation): Promise<void> {
  const open = (method: string, { path, headers = {} }: Step): ClientRequest =>
    request({ localAddress: from, host: to, port, method, path, headers, agent: false });
  for (const step of steps) {
    const statuses: string[] = [];
    for (let i = 0; i < (step.times ?? 0); i++) {
      const message = open('GET', step);
      message.end();
      statuses.push(await statusOf(message));
    }
    const uploads = Array.from({ length: step.uploads ?? 0 }, () =>
      open('POST', { ...step, headers: { ...step.headers, 'Content-Length': '2' } }),
    );
    for (const upload of uploads) upload.write('x');
    const answers = uploads.map(async (upload) => statuses.push(await statusOf(upload)));
    if (uploads.length > 0) await new Promise((resolve) => setTimeout(resolve, PATIENCE));
    for (const upload of uploads) if (!upload.destroyed) upload.end('x');
    await Promise.all(answers);
    say(statuses.join(' '));
  }
}

async function statusOf(message: ClientRequest): Promise<string> {
  return new Promise((resolve) => {
    message.on('response', (response: IncomingMessage) => {
      response.resume();
      resolve(String(response.statusCode));
    });
    message.on('error', (error) => resolve(error.message));
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const [role, argument = ''] = process.argv.slice(2);
if (role === 'site') site(Number(argument));
else await ask(JSON.parse(argument) as Conversation);
