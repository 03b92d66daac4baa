/**
 * Programs whose own settings tailban can write, by the name that `tailban export` takes: each says in that program's
 * language what our configuration says. Loaded only when asked for.
 */
import type { Config } from '../../config/config.ts';
import { addressOf } from '../../gate/place.ts';
import { CliError, EXIT } from '../exit.ts';

/** The text to put into the program's configuration. */
type Writer = (config: Config, version: string) => string;

export interface Native {
  /** What goes to different places is written apart; the first where none is asked for. */
  readonly parts: readonly [string, ...string[]];
  readonly load: (part: string) => Promise<Writer>;
}

export const NATIVE: Readonly<Record<string, Native>> = {
  nginx: {
    parts: ['http', 'server', 'gate-http', 'gate-server', 'gate-location'],
    load: async (part) => (part.startsWith('gate-') ? loadNginxGate(part) : loadNginx(part)),
  },
  postfix: { parts: ['main.cf'], load: async () => (await import('../../export/postfix.ts')).postfixMain },
  dovecot: { parts: ['conf.d'], load: async () => (await import('../../export/dovecot.ts')).dovecot },
  haproxy: {
    parts: ['tables', 'frontend'],
    load: async (part) => {
      const { haproxyTables, haproxyFrontend } = await import('../../export/haproxy.ts');
      return part === 'frontend' ? haproxyFrontend : haproxyTables;
    },
  },
};

/** nginx knows no way to quote a colon or a dollar sign in the path of a socket. */
const PLAIN = /^(?:unix:[\w./-]+|[\w.:[\]]+)$/;

async function loadNginx(part: string): Promise<Writer> {
  const { nginxHttp, nginxServer } = await import('../../export/nginx.ts');
  return part === 'server' ? nginxServer : nginxHttp;
}

async function loadNginxGate(part: string): Promise<Writer> {
  const { nginxGateHttp, nginxGateLocation, nginxGateServer } = await import('../../export/nginx-gate.ts');
  if (part === 'gate-http') return (_, version) => nginxGateHttp(version);
  if (part === 'gate-location') return (_, version) => nginxGateLocation(version);
  return ({ http: { gate } }, version) => {
    if (gate.listen === null)
      throw new CliError(
        EXIT.config,
        'There is nothing for nginx to ask: http.gate.listen is not set',
        'Write [http.gate] listen = "127.0.0.1:4002"',
      );
    const address = addressOf(gate.listen);
    if (!PLAIN.test(address))
      throw new CliError(
        EXIT.config,
        `nginx cannot be told of ${JSON.stringify(address)}`,
        'Write an http.gate.listen of letters, digits and . _ - / alone',
      );
    const { key, accountHeader } = gate;
    return nginxGateServer({ address, key, accountHeader }, version);
  };
}
