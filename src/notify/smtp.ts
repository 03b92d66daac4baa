/**
 * Hands a message to a mail server of this host over SMTP (RFC 5321), where sendmail cannot be used: Postfix's and Exim's
 * need privileges that a confined service cannot gain. No login and no TLS, so for loopback alone.
 */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Millis } from '../core/types.ts';
import { messageOf } from '../errors.ts';
import { hostName, mailOf } from './mail.ts';
import type { Deliver } from './types.ts';

export interface SmtpOptions {
  readonly recipients: readonly string[];
  /** Null: tailban at this host. */
  readonly from: string | null;
  readonly host: string;
  readonly port: number;
  readonly timeout?: Millis;
}

const TIMEOUT: Millis = 10_000;

export function smtpDelivery({ recipients, from, host, port, timeout = TIMEOUT }: SmtpOptions): Deliver {
  return async (message, signal) => {
    const socket = connect({ host, port });
    const ending = AbortSignal.any([AbortSignal.timeout(timeout), signal]);
    ending.addEventListener('abort', () => socket.destroy(new Error(`it did not answer within ${timeout} ms`)));
    try {
      await speak(socket, [
        ['', 220],
        [`EHLO ${hostName(message.host)}\r\n`, 250],
        // An empty sender: what cannot be delivered does not come back (RFC 3834 section 3.3).
        ['MAIL FROM:<>\r\n', 250],
        ...recipients.map((recipient): Step => [`RCPT TO:<${recipient}>\r\n`, 250]),
        ['DATA\r\n', 354],
        [`${dotted(mailOf(message, recipients, from))}\r\n.\r\n`, 250],
      ]);
      socket.end('QUIT\r\n');
    } catch (error) {
      const reason = messageOf(error);
      throw new Error(`Cannot send e-mail by ${host} port ${port}: ${reason}`, { cause: error });
    } finally {
      if (!socket.writableEnded) socket.destroy();
    }
  };
}

/** What we say, and the code of the answer that we need. */
type Step = readonly [text: string, code: number];

async function speak(socket: Socket, steps: readonly Step[]): Promise<void> {
  // The iterator of the lines ends without a word where the connection breaks.
  let failure: Error | null = null;
  socket.on('error', (error) => {
    failure = error;
  });
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  for (const [text, code] of steps) {
    socket.write(text);
    const reply = await lastLine(lines);
    if (reply === null) throw failure ?? new Error('it closed the connection');
    if (!reply.startsWith(String(code))) throw new Error(`it answered ${reply} to ${text.split(/\s/, 1)[0]}`);
  }
}

/** Of a reply, whose lines but the last have a dash behind the code; null at the end of the connection. */
async function lastLine(lines: AsyncIterator<string>): Promise<string | null> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) return null;
    if (!/^\d{3}-/.test(value)) return value;
  }
}

/** Line ends as in SMTP, and a dot before each that begins a line (section 4.5.2). */
function dotted(text: string): string {
  return text.replace(/^\./gm, '..').replace(/\n/g, '\r\n');
}
