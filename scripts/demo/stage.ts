/**
 * Where the demonstration takes place: two network namespaces with a mail port and real nftables, or, where that cannot be
 * had, nothing but a folder. The folder holds everything that is written; `clear` leaves nothing behind.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../src/errors.ts';
import { type NetworkPair, networkPair, type ProbeResult, SERVER4, SERVER6 } from '../../test/support/netns.ts';

export interface Stage {
  readonly folder: string;
  readonly mailLog: string;
  readonly configFile: string;
  /** Null where only the records can be shown; `reason` says why. */
  readonly network: Network | null;
  readonly reason: string;
  clear(): Promise<void>;
}

export interface Network {
  readonly server: string;
  readonly client: string;
  /** The start of a command that is to run on the server. */
  readonly prefix: readonly string[];
  probe(from: string): Promise<ProbeResult>;
  /** What nft prints inside the server's namespace. */
  nft(...args: readonly string[]): Promise<string>;
}

/** A probe without an answer for so long counts as dropped. */
export const PATIENCE = 1_500;
const PORT = 25;

export async function setStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'tailban-demo-'));
  const pair = await tryNetwork();
  const network = pair instanceof Error ? null : networkOf(pair);
  const mailLog = join(folder, 'mail.log');
  const configFile = join(folder, 'tailban.toml');
  writeFileSync(mailLog, '');
  writeFileSync(configFile, configuration(folder, mailLog, network !== null));
  return {
    folder,
    mailLog,
    configFile,
    network,
    reason: pair instanceof Error ? pair.message : '',
    clear: async () => {
      if (!(pair instanceof Error)) await pair.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The namespaces with a listening mail port, or what is missing for them. */
async function tryNetwork(): Promise<NetworkPair | Error> {
  if (process.getuid?.() !== 0) return new Error('only root may make network namespaces and firewall rules');
  let pair: NetworkPair | null = null;
  try {
    pair = await networkPair();
    const { exitCode, stderr } = await pair.serverRun(['nft', 'add', 'table', 'inet', 'tailban_demo']);
    if (exitCode !== 0) throw new Error(`nftables cannot be used here (${firstLine(stderr)})`);
    await pair.serverRun(['nft', 'delete', 'table', 'inet', 'tailban_demo']);
    await pair.serve(PORT);
    return pair;
  } catch (error) {
    await pair?.remove();
    const message = messageOf(error);
    return new Error(pair === null ? `no network namespaces can be made here (${reasonOf(message)})` : message);
  }
}

function networkOf(pair: NetworkPair): Network {
  return {
    server: pair.server,
    client: pair.client,
    prefix: ['ip', 'netns', 'exec', pair.server],
    probe: (from) => pair.probe({ from, to: from.includes(':') ? SERVER6 : SERVER4, port: PORT, timeout: PATIENCE }),
    nft: async (...args) => (await pair.serverRun(['nft', ...args])).stdout,
  };
}

function configuration(folder: string, mailLog: string, isReal: boolean): string {
  return `[server.fail2ban]
authentication = "5/10m"     # the default is "100/1d", which takes longer to show
ban-time       = "10m"

[source.mail]
files  = ["${mailLog}"]
filter = ["postfix", "dovecot"]

[firewall]
backend = "${isReal ? 'nftables' : 'none'}"

[store]
path = "${join(folder, 'tailban.db')}"

[api]
socket = "${join(folder, 'tailban.sock')}"

[log]
format = "pretty"
`;
}

/** A failed command's message ends with what the command itself said. */
function reasonOf(message: string): string {
  return message.trim().split('\n').at(-1) ?? message;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
