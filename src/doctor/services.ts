/** Which mail servers run here, by the names of their processes, and which logs of theirs are read. */
import type { SourceConfig } from '../config/config.ts';
import { compileGlobs } from '../source/glob.ts';
import { type Fix, inConfig, type Observation, problem } from './finding.ts';
import type { Host } from './host.ts';
import type { Situation } from './situation.ts';

/** The names are cut to 15 characters. Postfix's own `master` is what others are called too. */
const SERVERS = {
  Postfix: ['qmgr', 'nqmgr'],
  Dovecot: ['dovecot'],
  Exim: ['exim4', 'exim'],
  Stalwart: ['stalwart', 'stalwart-mail'],
} as const;
export type Server = keyof typeof SERVERS;

export interface Running {
  readonly onHost: ReadonlySet<Server>;
  /** In containers, where the settings are not to be seen from here. */
  readonly contained: ReadonlySet<Server>;
}

export async function runningServers(host: Host): Promise<Running> {
  const processes = await host.processes();
  const running = (contained: boolean): ReadonlySet<Server> => {
    const names = new Set(processes.filter((process) => process.contained === contained).map(({ name }) => name));
    return new Set(
      (Object.keys(SERVERS) as Server[]).filter((server) => SERVERS[server].some((name) => names.has(name))),
    );
  };
  return { onHost: running(false), contained: running(true) };
}

/** What is wrong where a server writes a log of its own and no source reads that. */
export function unreadLog(server: string, path: string, situation: Situation): Observation[] {
  const { sources } = situation;
  const isRead = sources.some((source) => source.type === 'files' && compileGlobs(source.files).matches(path));
  if (isRead) return [];
  const name = server.toLowerCase();
  return [
    problem(
      `${server} logs to ${path}, which no source reads`,
      sourceFix(situation, [`[source.${name}-log]`, `files = [${JSON.stringify(path)}]`, `filter = ["${name}"]`]),
    ),
  ];
}

/** A further source. With the first one that is written nothing is found by itself any more, so what was is written too. */
export function sourceFix(situation: Situation, lines: readonly string[]): Fix {
  const found = situation.discoveries.length > 0 ? situation.sources : [];
  return inConfig(situation, [...found.flatMap(writtenSource), ...lines]);
}

/** A source as it stands in the configuration. */
export function writtenSource(source: SourceConfig): string[] {
  const title = `[source.${source.name}]`;
  if (source.type === 'files') return [title, `files = ${JSON.stringify(source.files)}`];
  return source.type === 'journal' ? [title, 'journal = true'] : [];
}
