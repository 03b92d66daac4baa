/**
 * A gate that takes one request after another over a connection, as Postfix's own protocols do. Owns connections and
 * their limits; what a request is, and what is said to it, is the protocol's. Whoever sends something else, too much or
 * too slowly loses the connection, and nobody else notices.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Millis } from '../core/types.ts';
import { clearSocketPath, restrictSocket } from '../system/unix-socket.ts';
import { addressOf, type Place } from './place.ts';
import type { Gate } from './types.ts';

export interface Exchange {
  /** How many bytes the request had. */
  readonly length: number;
  readonly answer: string;
}

/** Reads the request that the bytes, one or more, begin with: null while it is not whole. @throws BadRequest */
export type Protocol = (received: Buffer) => Exchange | null;

/** What came can be no request; nothing behind it can be trusted either. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

export interface RequestServerOptions {
  readonly name: string;
  readonly place: Place;
  /** Where the place stands in the configuration. */
  readonly setting: string;
  /** The members of this group may use a unix socket, besides root. */
  readonly group: string;
  readonly protocol: Protocol;
  /** How long a request may take to come, and its answer to be taken. */
  readonly patience?: Millis;
}

/**
 * More than whatever a client may write into one: Postfix takes lines of 2 KiB, and a request holds some of them. A client
 * that could make its request too large would be let through unseen.
 */
const LARGEST_REQUEST = 64 * 1024;
/** Each smtpd process keeps a connection of its own. */
const MOST_CONNECTIONS = 4_000;
/** Postfix ends idle connections after 300 s (smtpd_policy_service_max_idle). It is to be the first, or it stumbles over them. */
const IDLE: Millis = 20 * 60_000;
const PATIENCE: Millis = 10_000;

export function requestServer(options: RequestServerOptions): Gate {
  const { name, place } = options;
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  return {
    name,
    address: addressOf(place),
    // Postfix asks when a login has worked already.
    refusesLogins: false,
    start: async () => {
      const opening = createServer((socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        converse(socket, options);
      });
      opening.maxConnections = MOST_CONNECTIONS;
      server = opening;
      await open(opening, options);
      // Stopped meanwhile.
      if (server !== opening) opening.close();
    },
    stop: async () => {
      const closing = server;
      server = null;
      if (closing === null || !closing.listening) return;
      const closed = once(closing, 'close');
      closing.close();
      for (const socket of sockets) socket.destroySoon();
      const timer = setTimeout(() => sockets.forEach((socket) => void socket.destroy()), PATIENCE / 10);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function open(server: Server, { place, setting, group }: RequestServerOptions): Promise<void> {
  if ('path' in place) await clearSocketPath(place.path, setting);
  const listening = once(server, 'listening');
  server.listen(place);
  await listening;
  // Without file descriptors a connection cannot be taken; the next one may be.
  server.on('error', () => {});
  if (!('path' in place)) return;
  try {
    const problem = await restrictSocket(place.path, group);
    if (problem !== null) throw new Error(problem);
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Answers what is asked over one connection, in its order. */
function converse(socket: Socket, { protocol, patience = PATIENCE }: RequestServerOptions): void {
  let received: Buffer = Buffer.alloc(0);
  let deadline: NodeJS.Timeout | null = null;

  /** Begins anew with each request that is answered; while nothing is under way there is none. */
  const setDeadline = (hasAnswered: boolean): void => {
    const isBusy = received.length > 0 || socket.writableNeedDrain;
    if (deadline !== null && (hasAnswered || !isBusy)) {
      clearTimeout(deadline);
      deadline = null;
    }
    if (isBusy) deadline ??= setTimeout(() => socket.destroy(), patience);
  };

  socket.setNoDelay(true);
  socket.setTimeout(IDLE, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => deadline !== null && clearTimeout(deadline));
  socket.on('data', (data: Buffer) => {
    if (!socket.writable) return;
    received = received.length === 0 ? data : Buffer.concat([received, data]);
    const { answers, rest } = answerAll(received, protocol);
    received = rest ?? Buffer.alloc(0);
    if (rest === null) {
      socket.write(answers);
      socket.destroySoon();
    } else if (answers !== '' && !socket.write(answers)) {
      // Who does not take the answers is not read any further.
      socket.pause();
      socket.once('drain', () => {
        setDeadline(true);
        socket.resume();
      });
    }
    setDeadline(answers !== '');
  });
}

/** All whole requests, answered; `rest` is the beginning of the next one, null where it is none. */
function answerAll(received: Buffer, protocol: Protocol): { answers: string; rest: Buffer | null } {
  const answers: string[] = [];
  let rest: Buffer | null = received;
  try {
    while (rest.length > 0) {
      const exchange = protocol(rest);
      if ((exchange?.length ?? rest.length) > LARGEST_REQUEST) throw new BadRequest('The request is too large');
      if (exchange === null) break;
      answers.push(exchange.answer);
      rest = rest.subarray(exchange.length);
    }
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    rest = null;
  }
  return { answers: answers.join(''), rest };
}
