/** The last lines of each log, as the daemon would get them. */
import type { SourceConfig } from '../config/config.ts';
import type { HowToRead } from '../daemon/how-to-read.ts';
import type { FileFacts, Had, Host } from './host.ts';

/** The end of one log. */
export interface Recent {
  readonly source: SourceConfig;
  /** A path, or `the journal`. */
  readonly origin: string;
  /** Complete lines. */
  readonly data: Had<Buffer>;
  /** Null for the journal. */
  readonly facts: FileFacts | null;
}

const BYTES = 512 * 1024;
const ENTRIES = 2_000;
/** The newest so many files of a source. */
const MOST_FILES = 20;

export async function recentLines(host: Host, source: SourceConfig, { units }: HowToRead): Promise<readonly Recent[]> {
  switch (source.type) {
    case 'files':
      return recentFiles(host, source, source.files);
    case 'journal':
      return [{ source, origin: 'the journal', data: await journalTail(host, units), facts: null }];
    case 'webhook':
      return [];
  }
}

async function recentFiles(host: Host, source: SourceConfig, globs: readonly string[]): Promise<readonly Recent[]> {
  const logs: { readonly path: string; readonly facts: FileFacts }[] = [];
  for (const glob of globs) {
    const paths = await host.glob(glob);
    for (const path of paths.had ? paths.value : []) {
      const facts = await host.stat(path);
      if (facts.had && facts.value.type === 'file') logs.push({ path, facts: facts.value });
    }
  }
  const newest = logs.sort((one, other) => other.facts.modified - one.facts.modified).slice(0, MOST_FILES);
  return Promise.all(
    newest.map(async ({ path, facts }) => ({ source, origin: path, data: await host.tail(path, BYTES), facts })),
  );
}

/** What the daemon reads too: the units of the filters, and whatever logs to the facilities of mail (2) and PAM (10). */
async function journalTail(host: Host, units: ReadonlySet<string>): Promise<Had<Buffer>> {
  const matches = ['SYSLOG_FACILITY=2', 'SYSLOG_FACILITY=10', ...[...units].map((unit) => `_SYSTEMD_UNIT=${unit}`)];
  const wanted = matches.flatMap((match, index) => (index === 0 ? [match] : ['+', match]));
  const answer = await host.run([
    'journalctl',
    '--all',
    '--output=json',
    '--no-pager',
    `--lines=${ENTRIES}`,
    ...wanted,
  ]);
  if (!answer.had) return answer;
  const { exitCode, stdout, stderr } = answer.value;
  if (exitCode !== 0 && stdout === '')
    return { had: false, lack: /permission/i.test(stderr) ? 'forbidden' : 'failed', reason: stderr.trim() };
  return { had: true, value: Buffer.from(stdout === '' || stdout.endsWith('\n') ? stdout : `${stdout}\n`) };
}
