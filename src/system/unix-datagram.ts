/**
 * Sends datagrams to a unix socket, for which Node.js has no module of its own: sendto(2) of the C library, called through
 * `node:ffi` (Node.js 26.1). Never waits: a receiver that is not there, or whose queue is full, is a datagram not sent.
 */

export interface DatagramSender {
  /** Whether the system has taken it. */
  send(data: Buffer): boolean;
  close(): void;
}

/** sys/socket.h and fcntl.h of Linux, on all architectures that Node.js is made for. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` holds 108 bytes with its closing NUL, behind two of the family (unix(7)). */
const FAMILY_BYTES = 2;
const LONGEST_PATH = 107;

/**
 * Null where this runtime cannot do it. The address goes along with each datagram, so a receiver may be started anew.
 * @param path of the socket; one that begins with `@` is in the abstract name space
 */
export function datagramSender(path: string): DatagramSender | null {
  const name = Buffer.from(path.replace(/^@/, '\0'));
  if (name.length > LONGEST_PATH) return null;
  const libc = openLibc();
  if (libc === null) return null;
  const { socket, sendto, close } = libc.functions;
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return null;
  // A path ends with a NUL, an abstract name with the length of the address.
  const address = Buffer.alloc(FAMILY_BYTES + name.length + (name[0] === 0 ? 0 : 1));
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_UNIX;
  name.copy(address, FAMILY_BYTES);
  return {
    send: (data) => sendto(fd, data, BigInt(data.length), MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length) >= 0n,
    close: () => {
      close(fd);
      libc.lib.close();
    },
  };
}

function openLibc() {
  // Undefined in runtimes before 26.1, where an import would fail.
  const ffi: typeof import('node:ffi') | undefined = process.getBuiltinModule('node:ffi');
  try {
    return (
      ffi?.dlopen(null, {
        socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
        sendto: { arguments: ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32'], return: 'i64' },
        close: { arguments: ['i32'], return: 'i32' },
      }) ?? null
    );
  } catch {
    // Refused by a permission model, or a C library that hides its names.
    return null;
  }
}
