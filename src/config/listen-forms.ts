/** How the place is written where a server listens. */
import { parseAddress } from '../core/ip.ts';
import type { Endpoint, Listen } from './config.ts';
import { found, path } from './forms.ts';
import type { Form } from './setting.ts';

const UNIX = 'unix:';
/** sun_path of unix(7) takes 108 bytes with the final NUL. */
const SOCKET_PATH_BYTES = 107;
const PORT_EXAMPLE = 'Write one such as "127.0.0.1:8081" or "[::1]:8081"';
const EXAMPLE = 'Write one such as "127.0.0.1:10031" or "unix:/run/tailban/gate.sock"';

/** `127.0.0.1:8081`, `[::1]:8081`. */
export function endpoint(): Form<Endpoint> {
  return {
    type: '"address:port"',
    read: (value, report) => {
      if (typeof value !== 'string')
        return report({ message: `${found(value)} is no address and port`, hint: PORT_EXAMPLE });
      const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(value);
      if (match === null) return report({ message: `"${value}" is no address and port`, hint: PORT_EXAMPLE });
      const [, six, four = '', digits = ''] = match;
      const host = parseAddress(six ?? four);
      const port = Number(digits);
      if (host === null || host.includes(':') !== (six !== undefined))
        return report({ message: `"${six ?? four}" is no address`, hint: PORT_EXAMPLE });
      if (port < 1 || port > 65535)
        return report({
          message: `${digits} is no port, a whole number from 1 to 65535`,
          offset: value.length - digits.length,
        });
      return { host, port };
    },
    write: ({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`),
  };
}

/** `127.0.0.1:10031`, `[::1]:10031`, `unix:/run/…`. */
export function listen(): Form<Listen> {
  const tcp = endpoint();
  const unix = path(SOCKET_PATH_BYTES);
  return {
    type: '"address:port", or "unix:/path"',
    read: (value, report) => {
      if (typeof value !== 'string') return report({ message: `${found(value)} is no place to listen`, hint: EXAMPLE });
      if (!value.startsWith(UNIX)) return tcp.read(value, (issue) => report({ ...issue, hint: issue.hint ?? EXAMPLE }));
      const socket = unix.read(value.slice(UNIX.length), ({ offset, ...issue }) =>
        report({ ...issue, ...(offset === undefined ? {} : { offset: offset + UNIX.length }) }),
      );
      return socket === undefined ? undefined : { path: socket };
    },
    write: (value) => ('path' in value ? UNIX + value.path : tcp.write(value)),
  };
}
