/** A unix socket that takes datagrams, for the tests; Node.js has none. */
import assert from 'node:assert/strict';
import { dlopen } from 'node:ffi';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

export interface Receiver extends Disposable {
  /** The next one that waits; null where none does. */
  receive(): Buffer | null;
}

export function receiveAt(path: string): Receiver {
  const { lib, functions } = dlopen(null, {
    socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    bind: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
    recv: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i64' },
    close: { arguments: ['i32'], return: 'i32' },
  });
  const fd = functions.socket(AF_UNIX, SOCK_DGRAM, 0);
  const address = Buffer.concat([Buffer.from(new Uint16Array([AF_UNIX]).buffer), Buffer.from(`${path}\0`)]);
  assert.equal(functions.bind(fd, address, address.length), 0);
  const buffer = Buffer.alloc(256 * 1024);
  return {
    receive: () => {
      const length = Number(functions.recv(fd, buffer, BigInt(buffer.length), MSG_DONTWAIT));
      return length < 0 ? null : Buffer.from(buffer.subarray(0, length));
    },
    [Symbol.dispose]: () => {
      functions.close(fd);
      lib.close();
    },
  };
}
