/** How the place is written where a gate listens. */
import type { Listen } from './config.ts';
import { found, path } from './forms.ts';
import type { Form } from './setting.ts';
import { endpoint } from './webhook-forms.ts';

const UNIX = 'unix:';
/** sun_path of unix(7) takes 108 bytes with the final NUL. */
const SOCKET_PATH_BYTES = 107;
const EXAMPLE = 'Write one such as "127.0.0.1:10031" or "unix:/run/tailban/gate.sock"';

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
