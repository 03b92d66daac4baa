/** The tables `[authentication]`, `[jmap]` and `[http]`: what may only happen so often, and who asks before it happens. */
import { argv } from './command-schema.ts';
import { choice, duration, flag, found, path, rate, secret, whole } from './forms.ts';
import { listen } from './listen-forms.ts';
import { type Form, optional, type Report, setting, table } from './setting.ts';
import type { TomlTable, TomlValue } from './toml.ts';

export const authentication = table('Attempts to log in, whether they fail or not.', {
  'rate-limit': setting(rate(), '10/1m', {
    meaning:
      'Attempts of one address; over it, refused until the window has room again. Where only logs tell of them, failed ones count',
  }),
  counts: setting(choice(['attempts', 'failures']), 'attempts', {
    meaning: 'What counts where a server asks beforehand: all attempts, or only those that failed',
  }),
});

export const jmap = table('Limits on HTTP and JMAP requests.', {
  'rate-limit': table('Requests in a period; over it, refused until the window has room again.', {
    'use-forwarded': setting(flag(), false, {
      meaning:
        'Take the address from Forwarded or X-Forwarded-For, but only from server.trusted-proxies; else clients would forge it',
    }),
    authentication: setting(rate(), '10/1m', { meaning: 'Requests of one address that log in' }),
    anonymous: setting(rate(), '100/1m', { meaning: 'Requests of one address without a login' }),
    account: setting(rate(), '1000/1m', { meaning: 'Requests of one account' }),
    cache: table('The memory of these limits.', {
      size: setting(whole(1, 50_000_000), 1024, {
        meaning: 'How many addresses and accounts are remembered; who is over a rate is never forgotten for others',
      }),
    }),
  }),
  protocol: table('What may run at the same time.', {
    request: table('Requests that run at the same time.', {
      'max-concurrent': setting(whole(1, 1_000_000), 4, { meaning: 'Requests of one account at the same time' }),
    }),
    upload: table('Uploads that run at the same time.', {
      'max-concurrent': setting(whole(1, 1_000_000), 4, { meaning: 'Uploads of one account at the same time' }),
    }),
  }),
});

export const http = table('Which HTTP requests are limited, and where a web server asks before it serves one.', {
  paths: setting(paths(), ['/jmap', '/jmap/*', '/.well-known/jmap', '/auth/*', '/authorize/*'], {
    meaning: 'The paths whose requests count where access logs tell of them; * stands for anything',
  }),
  'login-paths': setting(paths(), ['/auth/*', '/authorize/*'], { meaning: 'The paths where one logs in' }),
  'upload-paths': setting(paths(), ['/jmap/upload/*'], { meaning: 'The paths where one uploads' }),
  'forwarded-header': setting(choice(['x-forwarded-for', 'forwarded']), 'x-forwarded-for', {
    meaning:
      'The header that the trusted proxies write; the other one they pass on as clients send it, so it is not read',
  }),
  'deny-file': table('A file of banned addresses for a web server or proxy, also of those who come through a proxy.', {
    path: optional(path(), {
      meaning: 'The file; without it, none is written',
      example: '/etc/nginx/tailban-deny.conf',
    }),
    format: setting(choice(['nginx', 'list']), 'nginx', {
      meaning: 'nginx writes "deny 192.0.2.1;", list one address or network a line, as HAProxy reads it',
    }),
    reload: optional(argv(), {
      meaning: 'The command that makes the server read it, at most every 2 s',
      example: ['nginx', '-s', 'reload'],
    }),
  }),
  gate: table(
    'Where a web server or proxy asks before it serves a request: nginx auth_request, forward-auth of Caddy and Traefik.',
    {
      listen: optional(listen(), {
        meaning: 'Where it asks; without it, nothing listens',
        example: '127.0.0.1:4002',
      }),
      key: optional(headerSecret(), {
        meaning: 'The key that it sends in the header X-API-Key; without one, whoever reaches the port may ask',
        example: '…',
      }),
      'account-header': optional(headerName(), {
        meaning:
          'A header in which the web server names the account that it has checked; it must remove what clients send in it',
        example: 'X-Account',
      }),
      lease: setting(duration(), '5m', {
        meaning: 'How long a request holds its place among the concurrent ones where nobody tells of its end',
      }),
    },
    needsKey,
  ),
});

/** Absolute paths of URLs. */
function paths(): Form<readonly string[]> {
  return {
    type: 'array of paths, with * for anything',
    read: (value, report) => {
      if (!Array.isArray(value))
        return report({ message: `${found(value)} is no list`, hint: 'Write ["/jmap/*", "…"]' });
      return value.flatMap((item: TomlValue, index: number): string[] => {
        if (typeof item === 'string' && /^[/*][\x21-\x7e]*$/.test(item) && !item.includes('?')) return [item];
        report({
          path: [index],
          message: `${found(item)} is no path of a URL`,
          hint: 'Write one that begins with / and holds no query, such as "/jmap/*"',
        });
        return [];
      });
    },
    write: (value) => value,
  };
}

/** It stands as it is in a header, and between quotation marks in the configuration of nginx and other servers. */
function headerSecret(): Form<string> {
  const inner = secret();
  return {
    ...inner,
    read: (value, report) => {
      const odd = typeof value === 'string' ? value.search(/[^!#%&'()*+,./0-9:<=>?@A-Z[\]^_`a-z|~-]/) : -1;
      if (typeof value !== 'string' || odd < 0) return inner.read(value, report);
      return report({
        message: `${JSON.stringify(String.fromCodePoint(value.codePointAt(odd) ?? 0))} cannot stand in this key`,
        offset: odd,
        hint: 'Write letters, digits and signs of ASCII without blanks and without " \\ $ ; { }; make one with: openssl rand -base64 24',
      });
    },
  };
}

/** Of what RFC 9110, 5.1 takes, that which needs no quoting in the configuration of any web server. */
function headerName(): Form<string> {
  return {
    type: 'name of a header',
    read: (value, report) =>
      typeof value === 'string' && /^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/.test(value)
        ? value.toLowerCase()
        : report({ message: `${found(value)} is no name of a header`, hint: 'Write one such as "X-Account"' }),
    write: (value) => value,
  };
}

/** Beyond this host a key is all that tells the web server from anybody else. */
function needsKey({ listen, key }: TomlTable, report: Report): void {
  const isLocal = typeof listen !== 'string' || /^(127\.|\[::1\]:|unix:)/.test(listen);
  if (!isLocal && key === undefined)
    report({
      path: ['listen'],
      message: 'this address can be reached from other hosts, so it needs a key',
      hint: 'Write key = "…", which the web server sends as X-API-Key, or listen on 127.0.0.1',
    });
}
