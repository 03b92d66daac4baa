/** How a webhook is written: where it listens, and the secret that its requests are signed with. */
import { parseAddress } from '../core/ip.ts';
import type { Endpoint } from './config.ts';
import { found } from './forms.ts';
import type { Form } from './setting.ts';

const SHORTEST_KEY = 8;
const EXAMPLE = 'Write one such as "127.0.0.1:8081" or "[::1]:8081"';

/** `127.0.0.1:8081`, `[::1]:8081`. */
export function endpoint(): Form<Endpoint> {
  return {
    type: '"address:port"',
    read: (value, report) => {
      if (typeof value !== 'string')
        return report({ message: `${found(value)} is no address and port`, hint: EXAMPLE });
      const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(value);
      if (match === null) return report({ message: `"${value}" is no address and port`, hint: EXAMPLE });
      const [, six, four = '', digits = ''] = match;
      const host = parseAddress(six ?? four);
      const port = Number(digits);
      if (host === null || host.includes(':') !== (six !== undefined))
        return report({ message: `"${six ?? four}" is no address`, hint: EXAMPLE });
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

export function secret(): Form<string> {
  return {
    type: 'text',
    read: (value, report) => {
      if (typeof value !== 'string') return report({ message: 'the key is no text', hint: 'Write it in quotes' });
      if (value.length < SHORTEST_KEY)
        return report({
          message: `a key of ${value.length} characters is too easy to guess, it needs ${SHORTEST_KEY} or more`,
          hint: 'Make one with: openssl rand -base64 24',
        });
      return value;
    },
    write: (value) => value,
  };
}
