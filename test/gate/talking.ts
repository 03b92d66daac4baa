/** A gate on a port of its own, and clients that send it bytes. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Place } from '../../src/gate/place.ts';
import { type Protocol, requestServer } from '../../src/gate/request-server.ts';
import { freePort } from '../support/free-port.ts';

/** Starts a gate that ends with the test. */
export async function serveProtocol(t: TestContext, protocol: Protocol, patience = 5_000): Promise<Place> {
  const place = { host: '127.0.0.1', port: await freePort() };
  const gate = requestServer({ name: 'test', place, setting: 'test.listen', group: 'none', protocol, patience });
  await gate.start();
  t.after(() => gate.stop());
  return place;
}

export interface Client {
  readonly socket: Socket;
  send(...pieces: readonly (string | Buffer)[]): Promise<void>;
  /** What has come, as soon as it has that many characters. */
  receive(length: number): Promise<string>;
  /** Resolves with all that has come when the gate ends the connection. */
  closed(): Promise<string>;
}

export async function client(t: TestContext, place: Place): Promise<Client> {
  const socket = connect(place);
  let received = '';
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('data', (data) => {
    received += data.toString('utf8');
    socket.emit('received');
  });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return {
    socket,
    send: async (...pieces) => {
      for (const piece of pieces) {
        socket.write(piece);
        // Each piece comes by itself.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    receive: async (length) => {
      const signal = AbortSignal.timeout(5_000);
      while (received.length < length) await once(socket, 'received', { signal });
      return received;
    },
    closed: async () => {
      await gone;
      return received;
    },
  };
}
