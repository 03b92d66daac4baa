/** Asks web servers over HTTP/1.1 and HTTP/2, each client from an address of its own, and notes down what they answered. */
import { once } from 'node:events';
import { connect as connect2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnsweredRequest } from '../../../scripts/score/corpus.ts';
import type { AccessScenario, Connection, Request } from './access-scenarios.ts';

export interface Server {
  readonly four: string;
  readonly six: string;
  readonly port: number;
  /** For HTTP/2 without TLS; with prior knowledge, for not all servers change over to it. */
  readonly port2: number;
}

const HOST = 'mx1.example.org';
const BODY = 'a body that comes late';
const PATIENCE = 5_000;

export async function ask(server: Server, { ip, connections }: AccessScenario): Promise<AnsweredRequest[]> {
  const answered: AnsweredRequest[] = [];
  for (const connection of connections) {
    const statuses = await (connection.version === 1
      ? overHttp1(server, ip, connection)
      : overHttp2(server, ip, connection));
    for (const [index, { method, path, login, headers, lasts }] of connection.requests.entries()) {
      const status = statuses[index];
      if (status === undefined) throw new Error(`No answer to ${method} ${path} of ${ip}`);
      const credentials = headers.some(([name, value]) => name === 'Authorization' && value.includes(' '));
      answered.push({ method, path, status, login, credentials, lasts });
    }
  }
  return answered;
}

async function overHttp1(server: Server, from: string, { requests, pipelined }: Connection): Promise<number[]> {
  const socket = open(server, from);
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  const statuses = (): number[] => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  await once(socket, 'connect');
  for (const [index, request] of requests.entries()) {
    socket.write(headOf(request), 'latin1');
    if (request.lasts > 0) {
      await sleep(request.lasts);
      socket.write(BODY);
    }
    if (!pipelined) await until(() => statuses().length > index);
  }
  await until(() => statuses().length === requests.length);
  // The body of the last answer; the log is written behind it.
  await sleep(50);
  socket.destroy();
  return statuses();
}

function headOf({ method, target, headers, lasts }: Request): string {
  const all = [['Host', HOST], ...headers, ...(lasts > 0 ? [['Content-Length', `${BODY.length}`]] : [])];
  return `${method} ${target} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

async function overHttp2(server: Server, from: string, { requests }: Connection): Promise<number[]> {
  const session = connect2(`http://${HOST}`, { createConnection: () => open({ ...server, port: server.port2 }, from) });
  const statuses: number[] = [];
  for (const { method, target, headers } of requests) {
    const lines = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
    const stream = session.request({ ':method': method, ':path': target, ':authority': HOST, ...lines });
    const [answer] = await once(stream, 'response');
    statuses.push(Number(answer[':status']));
    stream.resume();
    await once(stream, 'end');
  }
  session.close();
  return statuses;
}

function open({ four, six, port }: Server, from: string): Socket {
  return connect({ host: from.includes(':') ? six : four, port, localAddress: from });
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + PATIENCE; !isSo(); await sleep(10))
    if (Date.now() > end) throw new Error('The server has not answered in time');
}
