/** Attacks on a mail server, one client address each, and the truth about them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

/**
 * What a client does: a text is sent as a line after the answer to what went before, a number waits for so many
 * milliseconds, `raw` is sent as it is without waiting, `tls` begins TLS, `drop` closes without a word.
 */
export type Step = string | number | { readonly raw: string | Buffer } | 'tls' | 'drop';

export interface Scenario {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly tls?: boolean;
  readonly steps: readonly Step[];
  /** How many events of each kind the judge is to see; nothing for a client that did no harm. */
  readonly expect?: Readonly<Record<string, number>>;
  /** The login of each failure, in order. */
  readonly logins?: readonly string[];
  /** The client wrote text that pretends to be something else. */
  readonly forged?: boolean;
  readonly note?: string;
}

export interface Server {
  readonly address4: string;
  readonly address6: string;
  /** The last line of an answer. */
  readonly answer: RegExp;
}

const ANSWER_PATIENCE = 12_000;

/** Plays all scenarios, some at a time; each ends when the server hangs up, or shortly after its last step. */
export async function attack(scenarios: readonly Scenario[], server: Server, atOnce = 8): Promise<void> {
  const waiting = [...scenarios];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const problem = await play(next, server).then(
        () => null,
        (error: unknown) => String(error),
      );
      if (problem !== null) process.stderr.write(`${next.name}: ${problem}\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function play(scenario: Scenario, server: Server): Promise<void> {
  const host = scenario.ip.includes(':') ? server.address6 : server.address4;
  const plain = connect({ host, port: scenario.port, localAddress: scenario.ip });
  await happens(plain, 'connect');
  let socket: Socket = scenario.tls === true ? await beginTls(plain) : plain;
  let received = '';
  // Behind STARTTLS there is no second greeting.
  let silent = false;
  const listen = (): void => {
    socket.on('data', (data) => {
      received += data.toString('latin1');
    });
    socket.on('error', () => {});
  };
  listen();
  const answered = async (): Promise<void> => {
    for (let waited = 0; waited < ANSWER_PATIENCE && !socket.closed; waited += 20) {
      if (silent || server.answer.test(received)) break;
      await sleep(20);
    }
    received = '';
    silent = false;
  };
  for (const step of scenario.steps) {
    if (socket.closed) break;
    if (typeof step === 'number') await sleep(step);
    else if (typeof step === 'object') socket.write(step.raw);
    else if (step === 'drop') socket.destroy();
    else if (step === 'tls') {
      await answered();
      socket.removeAllListeners('data');
      socket = await beginTls(plain);
      listen();
      silent = true;
    } else {
      await answered();
      socket.write(Buffer.from(`${step}\r\n`, 'utf8'));
    }
  }
  if (!socket.closed) await answered();
  socket.destroy();
  await sleep(200);
}

async function beginTls(socket: Socket): Promise<Socket> {
  const secure = connectTls({ socket, rejectUnauthorized: false });
  await happens(secure, 'secureConnect');
  return secure;
}

function happens(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No ${event}`)), ANSWER_PATIENCE);
    socket.once('error', reject);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.off('error', reject);
      resolve();
    });
  });
}

/** Writes a corpus: the logs by file name, and what is true. */
export function writeCorpus(
  folder: string,
  logs: Readonly<Record<string, string>>,
  scenarios: readonly Scenario[],
): void {
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(logs)) writeFileSync(join(folder, file), text, 'latin1');
  const truth = scenarios.map(({ name, ip, expect = {}, logins = [], forged = false, note = '' }) =>
    JSON.stringify({ scenario: name, ip, expect, logins, forged, note }),
  );
  writeFileSync(join(folder, 'truth.jsonl'), `${truth.join('\n')}\n`);
}

export function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** The answer to AUTH PLAIN (RFC 4616). */
export function plain(login: string, password: string): string {
  return base64(`\0${login}\0${password}`);
}
