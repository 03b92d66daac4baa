/**
 * Where the configuration says that the daemon listens. Also one that cannot be used otherwise: a daemon that was started
 * before it was broken is still there, and `tailban reload` is to say what is wrong.
 */
import { type ConfigFile, DISK, type Disk, readConfigFiles } from '../config/files.ts';
import { valueAt } from '../config/older-names.ts';
import { indexPositions, offsetOf, placeAt } from '../config/positions.ts';
import { parseToml } from '../config/toml.ts';
import { ConfigError } from '../errors.ts';
import { configProblems } from './config-problems.ts';

export interface ConfiguredSocket {
  /** Null where none is named. */
  readonly socket: string | null;
  /** Why another one may be named. */
  readonly problems: readonly ConfigError[];
}

const KEY = ['api', 'socket'];
const WORD = /\bsocket\b/;
/** What cannot be read counts as empty. */
const PATIENT_DISK: Disk = {
  read: (path) => DISK.read(path).catch(() => ''),
  list: (folder) => DISK.list(folder).catch(() => []),
};

/** Reads no more than that one setting: checking all of a configuration takes longer than anything else a command does. */
export async function configuredSocket(path: string): Promise<ConfiguredSocket> {
  const problems: ConfigError[] = [];
  const files = await readConfigFiles(path, DISK).catch((error: unknown) => {
    problems.push(...configProblems(error));
    return readConfigFiles(path, PATIENT_DISK);
  });
  const found = files.map(socketIn);
  problems.push(...found.filter((one) => one instanceof ConfigError));
  return { socket: found.findLast((one) => typeof one === 'string') ?? null, problems };
}

/** Null where the file does not name one. */
function socketIn({ path: file, text }: ConfigFile): string | ConfigError | null {
  if (!WORD.test(text)) return null;
  const written = text.toWellFormed();
  try {
    const value = valueAt(parseToml(written, file), KEY);
    if (value === undefined) return null;
    if (typeof value === 'string' && value !== '') return value;
    const place = placeAt(written, offsetOf(indexPositions(written), KEY, 'value'));
    return new ConfigError('Cannot read api.socket: it is no path', { file, ...place }, 'Write a path in quotes');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return socketBeside(written) ?? error;
  }
}

/** The setting in a text that has a mistake elsewhere. */
function socketBeside(text: string): string | null {
  const node = indexPositions(text).children.get('api')?.children.get('socket');
  if (node === undefined) return null;
  try {
    const { socket } = parseToml(`socket = ${text.slice(node.value).split('\n', 1)[0]}`, '');
    return typeof socket === 'string' && socket !== '' ? socket : null;
  } catch {
    return null;
  }
}
