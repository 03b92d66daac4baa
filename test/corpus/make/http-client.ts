/** Plays the scenarios of http-scenarios.ts against a web server, each from its own address, and writes their truth. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { HttpScenario } from './http-scenarios.ts';

/** Where the server listens. */
export const SERVER = { four: '203.0.113.10', six: '2001:db8:1::10', port: 80 } as const;
/** What a server has not answered by then, it will not answer. */
const PATIENCE = 1_500;

export async function play(scenarios: readonly HttpScenario[]): Promise<void> {
  for (const { ip, connections } of scenarios) for (const texts of connections) await talk(ip, texts);
}

/** Writes the logs (latin1) and the truth into a folder of the corpus. */
export function keepCorpus(
  name: string,
  logs: Readonly<Record<string, string>>,
  scenarios: readonly HttpScenario[],
): void {
  const folder = join(import.meta.dirname, '..', name);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(logs)) writeFileSync(join(folder, file), text, 'latin1');
  const truth = scenarios.map(({ connections, ...rest }) => `${JSON.stringify(rest)}\n`);
  writeFileSync(join(folder, 'truth.jsonl'), truth.join(''));
}

/** One connection: each text is sent when the answer to the one before has come. */
function talk(from: string, texts: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const waiting = [...texts];
    const host = from.includes(':') ? SERVER.six : SERVER.four;
    const socket = connect({ host, port: SERVER.port, localAddress: from });
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    };
    const timer = setTimeout(end, PATIENCE);
    const send = (): void => {
      const text = waiting.shift();
      if (text === undefined) end();
      else socket.write(text, 'latin1');
    };
    socket.on('connect', send);
    // The answers are small: each comes in one piece.
    socket.on('data', () => setTimeout(send, 30));
    socket.on('error', end);
    socket.on('close', end);
  });
}
