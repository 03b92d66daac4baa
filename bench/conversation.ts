/** What a client and the server say to each other, as the lines that the server logs of it; and small parts of lines. */
import type { People } from './people.ts';
import type { Random } from './random.ts';

/** One log line without its time and host. */
export interface Line {
  /** `postfix/smtpd[123]: …` */
  readonly text: string;
  /** Whether it tells of something hostile. */
  readonly hostile: boolean;
}

export type Conversation = readonly Line[];

export interface Scene {
  readonly random: Random;
  readonly people: People;
  /** The process that serves this client, and nobody else meanwhile. */
  readonly pid: number;
}

export const TLS =
  'TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256';

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function plain(text: string): Line {
  return { text, hostile: false };
}

export function hostile(text: string): Line {
  return { text, hostile: true };
}

/** A queue id as Postfix makes it without long ids: hexadecimal digits. */
export function queueId(random: Random): string {
  return random.word(11, '0123456789ABCDEF');
}

/** A session id of Dovecot: base64 over time and address. */
export function sessionId(random: Random): string {
  return `${random.word(16, BASE64)}`;
}

export function lmtpId(random: Random): string {
  return random.word(22, BASE64);
}
