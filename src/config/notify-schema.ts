/** The tables `[notify.NAME]`: who is told what happens, by a webhook, by e-mail or by a command. */
import type { Millis } from '../core/types.ts';
import { argv } from './command-schema.ts';
import type { NotifyConfig } from './config.ts';
import { duration, found, path, rate, secret } from './forms.ts';
import { someOf } from './list-forms.ts';
import { endpoint } from './listen-forms.ts';
import { type Form, optional, type Report, setting, table } from './setting.ts';
import type { TomlTable, TomlValue } from './toml.ts';

type NoticeKind = NotifyConfig['events'][number];

const NOTICE_KINDS: readonly NoticeKind[] = ['ban', 'unban', 'login', 'enforcer', 'source', 'store'];
const WAYS = ['webhook', 'mail', 'command'] as const;

/** Standard Webhooks 1.0, "Symmetric". */
const PREFIX = 'whsec_';
const SHORTEST_KEY = 16;
/** Longer ones are no mailboxes (RFC 5321 section 4.5.3.1.3). */
const LONGEST_ADDRESS = 254;
const ADDRESS = /^[\w.!#$%&'*+/=?^`{|}~][\w.!#$%&'*+/=?^`{|}~-]*(?:@[a-z\d.-]+)?$/i;

export const notify = table(
  'Somebody to be told what happens, any number of them, under any names; see docs/operations.md.',
  {
    webhook: optional(webhookUrl(), {
      meaning: 'Posts JSON there',
      example: 'https://chat.example.org/hooks/tailban',
    }),
    key: optional(signingKey(), {
      meaning: 'What the requests of the webhook are signed with (Standard Webhooks); without it they are not signed',
      example: '…',
    }),
    mail: optional(recipients(), {
      meaning: 'Sends e-mail to these addresses or local users',
      fail2ban: 'destemail',
      example: ['root'],
    }),
    from: optional(address(), {
      meaning: 'From whom the e-mail is; tailban at this host, where it is not written',
      fail2ban: 'sender',
      example: 'tailban@mail.example.org',
    }),
    sendmail: optional(path(), {
      meaning: 'The program that takes the e-mail; /usr/sbin/sendmail where it may be used, else SMTP at 127.0.0.1:25',
      example: '/usr/sbin/sendmail',
    }),
    smtp: optional(endpoint(), {
      meaning: 'Takes the e-mail over SMTP instead, without a login: for a mail server on loopback',
      example: '127.0.0.1:25',
    }),
    command: optional(argv(), {
      meaning: 'Runs this and gives it one JSON object a line on standard input',
      example: ['/usr/local/bin/tell-somebody'],
    }),
    events: setting(someOf(NOTICE_KINDS, 'events'), ['ban', 'login', 'enforcer', 'source', 'store'], {
      meaning: `What is told: ${NOTICE_KINDS.map((kind) => `"${kind}"`).join(', ')}`,
    }),
    every: setting(gathering(), '1m', {
      meaning: 'How long to gather what happens into one message, from the first of it on',
    }),
    max: setting(rate(), '10/1h', {
      meaning: 'The most messages in a period; what happens beyond waits, and what is too much to wait is only counted',
    }),
  },
  usesOneWay,
);

/** As a chat or a monitoring service gives it out: its path and query may be secrets. */
function webhookUrl(): Form<string> {
  return {
    type: 'URL',
    read: (value, report) => {
      const hint = 'Write one such as "https://chat.example.org/hooks/tailban"';
      if (typeof value !== 'string') return report({ message: `${found(value)} is no URL`, hint });
      const url = URL.parse(value);
      if (url === null || !/^https?:$/.test(url.protocol))
        return report({ message: `"${value}" is no URL of HTTP`, hint });
      if (url.username !== '' || url.password !== '')
        return report({ message: 'a user and password in the URL are not sent', hint: 'Leave them out' });
      return value;
    },
    write: (value) => value,
  };
}

/** Any text, or as the specification has it: `whsec_` and 16 bytes or more in base64. */
function signingKey(): Form<string> {
  const inner = secret();
  return {
    ...inner,
    read: (value, report) => {
      const key = inner.read(value, report);
      if (key === undefined || !key.startsWith(PREFIX)) return key;
      const base64 = key.slice(PREFIX.length);
      if (/^[A-Za-z0-9+/]+={0,2}$/.test(base64) && Buffer.from(base64, 'base64').length >= SHORTEST_KEY) return key;
      return report({
        message: `what follows ${PREFIX} is not ${SHORTEST_KEY} bytes or more in base64`,
        offset: PREFIX.length,
        hint: 'Make it with: openssl rand -base64 24',
      });
    },
  };
}

/** One recipient, or an array of them. */
function recipients(): Form<readonly string[]> {
  const one = address();
  return {
    type: `${one.type}, or an array of them`,
    read: (value, report) => {
      if (!Array.isArray(value)) {
        const read = one.read(value, report);
        return read === undefined ? undefined : [read];
      }
      if (value.length === 0) return report({ message: 'the list names nobody', hint: 'Write mail = "root"' });
      return value.flatMap(
        (item: TomlValue, index) => one.read(item, (issue) => report({ path: [index], ...issue })) ?? [],
      );
    },
    write: (value) => [...value],
  };
}

/** Plain addresses alone: no names beside them, and nothing that the mail program could take for an option. */
function address(): Form<string> {
  return {
    type: 'e-mail address or local user',
    read: (value, report) => {
      const isText = typeof value === 'string';
      if (isText && value.length <= LONGEST_ADDRESS && ADDRESS.test(value)) return value;
      return report({
        message: `${isText ? JSON.stringify(value) : found(value)} is no e-mail address`,
        hint: 'Write one such as "root" or "ops@example.org"',
      });
    },
    write: (value) => value,
  };
}

/** A second to a day. */
function gathering(): Form<Millis> {
  const inner = duration();
  return {
    ...inner,
    type: 'duration from 1s to 1d',
    read: (value, report) => {
      const read = inner.read(value, report);
      if (read === undefined || (read >= 1_000 && read <= 86_400_000)) return read;
      return report({ message: `${found(value)} is not from 1s to 1d` });
    },
  };
}

function usesOneWay(raw: TomlTable, report: Report): void {
  const has = (key: string): boolean => Object.hasOwn(raw, key);
  const ways = WAYS.filter(has);
  const [first, second] = ways;
  if (ways.length === 0)
    report({
      on: 'key',
      message: 'nobody is told by this',
      hint: 'Write mail = "root", webhook = "https://…" or command = ["/path/to/program"]',
    });
  if (first !== undefined && second !== undefined)
    report({
      path: [second],
      against: first,
      on: 'key',
      message: `only one of ${WAYS.join(', ')} in each table`,
      hint: 'Make two tables of it, such as [notify.mail] and [notify.chat]',
    });
  if (has('smtp') && has('sendmail'))
    report({
      path: ['smtp'],
      against: 'sendmail',
      on: 'key',
      message: 'e-mail goes by sendmail or by SMTP, not by both',
    });
  const command = raw['command'];
  if (Array.isArray(command) && command.some((argument) => typeof argument === 'string' && /\{[a-z]+\}/.test(argument)))
    report({ path: ['command'], message: 'this command reads from standard input, nothing is filled in' });
  const belonging: readonly [string, NotifyConfig['way']['type']][] = [
    ['key', 'webhook'],
    ['from', 'mail'],
    ['sendmail', 'mail'],
    ['smtp', 'mail'],
  ];
  for (const [key, way] of belonging)
    if (has(key) && !has(way))
      report({
        path: [key],
        on: 'key',
        message: `${key} is of ${way}, and there is none here`,
        hint: `Leave ${key} out`,
      });
}
