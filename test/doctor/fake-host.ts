/** A host that is made up of files, answers of commands and processes; whatever is not written down is not there. */
import { dirname, join, matchesGlob } from 'node:path';
import { loadFilters } from '../../src/config/filter-files.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Observation } from '../../src/doctor/finding.ts';
import type { Answer, FileFacts, Had, Host, Process, Space } from '../../src/doctor/host.ts';
import type { Check, Daemon, Situation } from '../../src/doctor/situation.ts';

export const NOW = Date.UTC(2026, 10, 22, 9);

export interface FakeFile {
  readonly text?: string;
  readonly type?: FileFacts['type'];
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly modified?: number;
  /** Neither to be read nor looked at. */
  readonly forbidden?: true;
}

export interface FakeHost {
  readonly files?: Readonly<Record<string, string | FakeFile>>;
  /** By the command line: what it prints, or the whole answer. */
  readonly commands?: Readonly<Record<string, string | Had<Answer>>>;
  /** Names of processes; in a container where they begin with `container:`. */
  readonly processes?: readonly string[];
  readonly uid?: number;
  readonly runtime?: string;
  readonly adminAddress?: string;
  readonly space?: Readonly<Record<string, Space>>;
  readonly answering?: readonly string[];
  readonly damage?: Had<string | null>;
}

export const MISSING = { had: false, lack: 'missing', reason: 'no such file' } as const;
export const FORBIDDEN = { had: false, lack: 'forbidden', reason: 'permission denied' } as const;

/** A command that ended so. */
export function ended(exitCode: number, stderr = '', stdout = ''): Had<Answer> {
  return { had: true, value: { exitCode, stdout, stderr } };
}

export function fakeHost(fake: FakeHost = {}): Host {
  const files = new Map(
    Object.entries(fake.files ?? {}).map(([path, file]) => [path, typeof file === 'string' ? { text: file } : file]),
  );
  const folders = new Set([...files.keys()].flatMap(parents));
  const get = (path: string): Had<FakeFile> => {
    const file = files.get(path) ?? (folders.has(path) ? { type: 'folder', mode: 0o755 } : null);
    if (file === null) return MISSING;
    return file.forbidden ? FORBIDDEN : { had: true, value: file };
  };
  const text = (path: string): Had<string> => {
    const file = get(path);
    return file.had ? { had: true, value: file.value.text ?? '' } : file;
  };
  return {
    now: () => NOW,
    uid: fake.uid ?? 0,
    runtime: fake.runtime ?? '26.10.0',
    adminAddress: fake.adminAddress ?? null,
    run: async (argv) => {
      const answer = fake.commands?.[argv.join(' ')] ?? MISSING;
      return typeof answer === 'string' ? ended(0, '', answer) : answer;
    },
    read: async (path) => text(path),
    tail: async (path, bytes) => {
      const whole = text(path);
      return whole.had ? { had: true, value: Buffer.from(whole.value).subarray(-bytes) } : whole;
    },
    stat: async (path) => {
      const file = get(path);
      if (!file.had) return file;
      const { type = 'file', mode = 0o644, uid = 0, gid = 0, modified = NOW, text: content = '' } = file.value;
      return { had: true, value: { type, mode, uid, gid, size: content.length, modified } };
    },
    list: async (path) => {
      const names = [...files.keys()]
        .filter((file) => dirname(file) === path)
        .map((file) => file.slice(path.length + 1));
      return folders.has(path) ? { had: true, value: names } : MISSING;
    },
    glob: async (pattern) => ({
      had: true,
      value: [...files.keys()].filter((path) => matchesGlob(path, pattern)).sort(),
    }),
    space: async (path) => {
      const space = fake.space?.[path];
      return space === undefined ? MISSING : { had: true, value: space };
    },
    processes: async () => (fake.processes ?? []).map(processOf),
    answers: async (place) =>
      fake.answering?.includes('path' in place ? place.path : `${place.host}:${place.port}`) ?? false,
    damage: async () => fake.damage ?? { had: true, value: null },
  };
}

function processOf(text: string, index: number): Process {
  const contained = text.startsWith('container:');
  return { pid: 100 + index, name: text.replace('container:', ''), contained };
}

function parents(path: string): string[] {
  const found: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    found.push(folder);
    if (folder === '/') return found;
  }
}

/** The shipped filters, loaded once. */
const FILTERS = loadFilters(join(import.meta.dirname, '../../filters'), null);
const PATH = '/etc/tailban/tailban.toml';
export const STOPPED: Daemon = { runs: false, state: 'stopped', reason: 'tailban is not running: there is no socket' };

/** @param toml the configuration, whose sources are those that are read. */
export async function situation(toml = '', changes: Partial<Situation> = {}): Promise<Situation> {
  const { config } = parseConfig(toml, PATH);
  return {
    version: '1.2.3',
    configPath: PATH,
    config,
    configProblems: [],
    configNotes: [],
    filters: await FILTERS,
    sources: config.sources,
    discoveries: [],
    own: [],
    daemon: STOPPED,
    firewall: { state: 'off' },
    rehearse: async () => ({ result: 'blocks', reason: 'nftables' }),
    ...changes,
  };
}

/** What a check finds, each with its severity in front and the lines to paste behind. */
export async function finds(
  check: Check,
  host: FakeHost,
  toml = '',
  changes: Partial<Situation> = {},
): Promise<readonly string[]> {
  return (await check.examine(fakeHost(host), await situation(toml, changes))).map(inOneLine);
}

function inOneLine({ severity, what, fix }: Observation): string {
  return `${severity}: ${what}${fix === null ? '' : ` [${fix.where}] ${fix.lines.join(' | ')}`}`;
}

/** The warnings and problems among the findings, one a line; empty where all is well. */
export function troubles(found: readonly string[]): string {
  return found.filter((one) => /^(?:warning|problem):/.test(one)).join('\n');
}
