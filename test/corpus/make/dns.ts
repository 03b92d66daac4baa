/** A name server for a laboratory (RFC 1035): knows a few hosts and their addresses, and says of all others that there are none. */
import { createSocket } from 'node:dgram';

const TYPES = { a: 1, ptr: 12, mx: 15 } as const;
const HEADER = 12;
const RESPONSE = 0x8580;
const NO_SUCH_NAME = 3;

/** Answers on 127.0.0.1 until the process ends. Reverse names are confirmed only if the name is in there too. */
export function startNameServer(hosts: ReadonlyMap<string, string>, reverse: ReadonlyMap<string, string>): void {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => socket.send(respond(query, hosts, reverse), port, address));
  socket.bind(53, '127.0.0.1');
  socket.unref();
}

function respond(query: Buffer, hosts: ReadonlyMap<string, string>, reverse: ReadonlyMap<string, string>): Buffer {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const question = query.subarray(HEADER, at + 5);
  const type = query.readUInt16BE(at + 1);
  const name = labels.join('.').toLowerCase();
  const data = answer(name, labels, type, hosts, reverse);
  const known = hosts.has(name) || data !== null;
  const header = Buffer.alloc(HEADER);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(RESPONSE | (known ? 0 : NO_SUCH_NAME), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(data === null ? 0 : 1, 6);
  if (data === null) return Buffer.concat([header, question]);
  // A pointer to the name in the question, the type, the class, a minute to live, and the length of the data.
  const record = Buffer.from([0xc0, HEADER, 0, type, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255]);
  return Buffer.concat([header, question, record, data]);
}

function answer(
  name: string,
  labels: readonly string[],
  type: number,
  hosts: ReadonlyMap<string, string>,
  reverse: ReadonlyMap<string, string>,
): Buffer | null {
  const address = hosts.get(name);
  if (type === TYPES.a && address !== undefined) return Buffer.from(address.split('.').map(Number));
  if (type === TYPES.mx && address !== undefined) return Buffer.concat([Buffer.from([0, 10]), encode(name)]);
  const host = reverse.get(labels.slice(0, 4).reverse().join('.'));
  if (type === TYPES.ptr && name.endsWith('.in-addr.arpa') && host !== undefined) return encode(host);
  return null;
}

function encode(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([...labels, Buffer.from([0])]);
}
