/** What fail2ban does with the same lines: its own regex runner, one jail at a time. */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';

export interface JailRun {
  readonly jail: string;
  readonly linesPerSecond: number;
  readonly matched: number;
}

/** As Debian's jails have them. */
const FILTERS = [
  ['postfix', 'postfix[mode=aggressive]'],
  ['dovecot', 'dovecot'],
] as const;

/** The version of fail2ban-regex; null where it is not installed. */
export async function fail2banVersion(): Promise<string | null> {
  const { stdout, failed } = await execa('fail2ban-regex', ['--version'], { reject: false });
  return failed ? null : (stdout.split('\n', 1)[0] ?? '').trim();
}

/** Runs each jail's filter over the first lines of the log. The time is fail2ban's own, without its start. */
export async function runJails(log: string, lines: number, folder: string): Promise<JailRun[]> {
  const part = join(folder, 'fail2ban.log');
  await writeFile(part, await firstLines(log, lines));
  const runs: JailRun[] = [];
  for (const [jail, filter] of FILTERS) {
    const { stdout } = await execa('fail2ban-regex', ['--print-no-missed', '--print-no-ignored', part, filter]);
    const counts = /Lines: (\d+) lines, \d+ ignored, (\d+) matched[^[]*\[processed in ([\d.]+) sec\]/.exec(stdout);
    if (counts === null) throw new Error(`Cannot read the output of fail2ban-regex: it has no line of counts`);
    runs.push({ jail, linesPerSecond: Number(counts[1]) / Number(counts[3]), matched: Number(counts[2]) });
  }
  return runs;
}

async function firstLines(path: string, count: number): Promise<string> {
  const lines: string[] = [];
  const input = createReadStream(path);
  for await (const line of createInterface({ input })) {
    lines.push(line);
    if (lines.length === count) break;
  }
  input.destroy();
  return `${lines.join('\n')}\n`;
}
