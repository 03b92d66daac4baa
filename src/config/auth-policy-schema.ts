/** The table `[dovecot.auth-policy]`: where Dovecot asks before it lets somebody in, and what it is answered. */
import { durationOrOff, flag, found, secret } from './forms.ts';
import { endpoint } from './listen-forms.ts';
import { type Form, optional, type Report, setting, table } from './setting.ts';
import type { TomlTable } from './toml.ts';

/** A line of IMAP or SMTP holds it, with a code in front. */
const LONGEST_MESSAGE = 200;

export const authPolicy = table(
  'What Dovecot asks over HTTP before and after it looks at a password.',
  {
    listen: optional(endpoint(), {
      meaning: 'Where Dovecot asks; without it, nothing listens',
      example: '127.0.0.1:4001',
    }),
    key: optional(secret(), {
      meaning:
        'The key that Dovecot sends in the header X-API-Key; without one, whoever reaches the port may ask and report',
      example: '…',
    }),
    'max-delay': setting(durationOrOff(), '5s', {
      meaning: 'The longest that a login is delayed after failures; each doubling of them adds a second',
    }),
    reports: setting(flag(), true, {
      meaning:
        'Whether the logins that Dovecot reports count; in the reports of Dovecot 2.3 an outage of its password database looks like wrong passwords',
    }),
    message: setting(printable(), 'Too many failed logins, try again later', {
      meaning: 'What is said to those who are refused',
    }),
  },
  needsKey,
);

/** ASCII in one line: servers pass it on in their protocols. */
function printable(): Form<string> {
  return {
    type: 'text',
    read: (value, report) => {
      if (typeof value !== 'string')
        return report({ message: `${found(value)} is no text`, hint: 'Write it in quotes' });
      if (value === '') return report({ message: 'the text is empty' });
      const strange = value.search(/[^\x20-\x7e]/);
      if (strange >= 0) return report({ message: 'the text holds more than printable ASCII', offset: strange });
      if (value.length > LONGEST_MESSAGE)
        return report({ message: `the text has ${value.length} characters, at most ${LONGEST_MESSAGE} are possible` });
      return value;
    },
    write: (value) => value,
  };
}

/** Beyond this host a key is all that tells Dovecot from anybody else. */
function needsKey({ listen, key }: TomlTable, report: Report): void {
  const isLocal = typeof listen !== 'string' || /^(127\.|\[::1\]:)/.test(listen);
  if (!isLocal && key === undefined)
    report({
      path: ['listen'],
      message: 'this address can be reached from other hosts, so it needs a key',
      hint: 'Write key = "…", which Dovecot sends as auth_policy_server_api_header, or listen on 127.0.0.1',
    });
}
