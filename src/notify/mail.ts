/** Notifications as e-mail (RFC 5322), marked so that no program answers it (RFC 3834). Pure. */
import type { Message } from './types.ts';
import { omission, sentence, summary } from './words.ts';

/** More lines than anybody reads; the rest is counted. */
const MOST_LINES = 200;
/** RFC 2045 section 6.8. */
const BASE64_LINE = 76;

/** Headers and text with line ends as sendmail takes them from its standard input. */
export function mailOf(message: Message, recipients: readonly string[], from: string | null): string {
  const { id, time } = message;
  const host = hostName(message.host);
  const text = textOf(message);
  const isAscii = /^[\n\x20-\x7e]*$/.test(text);
  return [
    `From: tailban <${from ?? (host.includes('.') ? `tailban@${host}` : 'tailban')}>`,
    `To: ${recipients.join(',\n ')}`,
    `Subject: tailban on ${host}: ${summary(message)}`,
    `Date: ${new Date(time).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${id}@${host}>`,
    'Auto-Submitted: auto-generated',
    // Exchange does not look at the header before.
    'X-Auto-Response-Suppress: All',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Transfer-Encoding: ${isAscii ? '7bit' : 'base64'}`,
    '',
    isAscii ? text : base64(text),
  ].join('\n');
}

function textOf({ host, notices, omitted }: Message): string {
  const lines = notices
    .slice(0, MOST_LINES)
    .map((notice) => `${new Date(notice.time).toISOString()}  ${sentence(notice)}`);
  const unlisted = notices.length - lines.length;
  const rest = omission(unlisted === 0 ? omitted : { ...omitted, ban: (omitted.ban ?? 0) + unlisted });
  return `${[...lines, ...(rest === '' ? [] : [rest])].join('\n')}\n\n-- \ntailban on ${hostName(host)}\n`;
}

/** A name that cannot break a header, whatever the host calls itself. */
export function hostName(host: string): string {
  return host.replace(/[^A-Za-z0-9.-]/g, '') || 'localhost';
}

function base64(text: string): string {
  const encoded = Buffer.from(text).toString('base64');
  return `${encoded.match(new RegExp(`.{1,${BASE64_LINE}}`, 'g'))?.join('\n') ?? ''}\n`;
}
