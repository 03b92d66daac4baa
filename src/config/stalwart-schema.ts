/** The table `[stalwart]`: Stalwart's management API, by which it is told of banned addresses and locked logins. */
import { choice, flag, found, path, secret } from './forms.ts';
import { type Form, optional, type Report, setting, table } from './setting.ts';
import type { TomlTable } from './toml.ts';

export const stalwart = table('What Stalwart is told.', {
  api: table(
    "Stalwart's management API, by which addresses are blocked and logins locked.",
    {
      url: optional(httpUrl(), {
        meaning: 'Where its management API is; without it, Stalwart is told nothing',
        example: 'https://mail.example.org',
      }),
      token: optional(secret(), { meaning: 'The secret of an API key there', example: '…' }),
      'token-file': optional(path(), {
        meaning: 'A file that holds nothing but this secret, instead of token',
        example: '/etc/tailban/stalwart-token',
      }),
      version: setting(choice(['auto', '0.15', '0.16']), 'auto', {
        meaning: 'Which API it has: that of 0.15 and earlier or that of 0.16 and later; auto finds out',
      }),
      addresses: setting(flag(), true, { meaning: 'Whether banned addresses are blocked there' }),
      logins: setting(flag(), true, {
        meaning: 'Whether locked logins lose the permission to authenticate there, up to 0.15',
      }),
    },
    needsToken,
  ),
});

/** `https://mail.example.org`, `http://127.0.0.1:8080`: nothing but scheme, host, port and path. */
function httpUrl(): Form<string> {
  return {
    type: 'URL',
    read: (value, report) => {
      const hint = 'Write one such as "https://mail.example.org" or "http://127.0.0.1:8080"';
      if (typeof value !== 'string') return report({ message: `${found(value)} is no URL`, hint });
      const url = URL.parse(value);
      if (url === null || !/^https?:$/.test(url.protocol))
        return report({ message: `"${value}" is no URL of HTTP`, hint });
      if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
        return report({ message: `"${value}" holds more than scheme, host, port and path`, hint });
      return value;
    },
    write: (value) => value,
  };
}

function needsToken(raw: TomlTable, report: Report): void {
  const has = (key: string): boolean => Object.hasOwn(raw, key);
  if (has('token') && has('token-file'))
    report({ path: ['token-file'], on: 'key', message: 'token is written too, only one of them can hold' });
  if (has('url') && !has('token') && !has('token-file'))
    report({
      path: ['url'],
      on: 'key',
      message: 'the management API needs a token',
      hint: 'Make an API key in Stalwart and write token-file = "/etc/tailban/stalwart-token"',
    });
  if (raw['version'] === '0.16' && raw['logins'] === true)
    report({
      path: ['logins'],
      message: 'Stalwart 0.16 has no API that locks logins',
      hint: 'Write logins = false',
    });
}
