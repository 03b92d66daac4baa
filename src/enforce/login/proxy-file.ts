/**
 * Banned addresses for a web server or proxy: a file that nginx includes (`deny`), or a plain list for HAProxy (`src -f`)
 * and others. It holds those too whom a firewall never meets because they come through another proxy. These servers read
 * such a file only when they are told to, which a command does, not too often: each time they start new workers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseSubject, subjectKey } from '../../core/subject.ts';
import type { Millis } from '../../core/types.ts';
import { EnforceError } from '../../errors.ts';
import type { Run } from '../command.ts';
import type { Held } from '../types.ts';
import { FileEnforcer, type Table } from './file-enforcer.ts';

export type ProxyFileFormat = 'nginx' | 'list';

export interface ProxyFileOptions {
  readonly path: string;
  readonly format: ProxyFileFormat;
  /** Makes the server read the file again; null where it does so by itself. */
  readonly reload: readonly [string, ...string[]] | null;
  readonly run: Run;
  readonly now: () => Millis;
  /** The least time between two reloads. */
  readonly every?: Millis;
}

const HEAD = '# Written by tailban: who is banned. Changes are overwritten.\n';
const EVERY: Millis = 2_000;

export function proxyFile({ path, format, reload, run, now, every = EVERY }: ProxyFileOptions): FileEnforcer {
  let last = Number.NEGATIVE_INFINITY;
  const onWritten = async (): Promise<void> => {
    if (reload === null) return;
    const wait = Math.min(every, last + every - now());
    if (wait > 0) await sleep(wait);
    last = now();
    const { exitCode, stderr } = await run(reload);
    if (exitCode !== 0) throw new EnforceError(`${reload.join(' ')} ended with ${exitCode}`, reload, stderr);
  };
  return new FileEnforcer({ name: 'proxy file', path, table: tableOf(format), logins: null, onWritten, now });
}

function tableOf(format: ProxyFileFormat): Table {
  const [before, after] = format === 'nginx' ? ['deny ', ';'] : ['', ''];
  return {
    handles: (subject) => subject.type !== 'login',
    head: () => HEAD,
    entries: (held) => held.map(({ subject }) => `${before}${subjectKey(subject)}${after}\n`),
    // The ends do not stand there: after a lost database, the firewall knows them.
    read: (text) =>
      text.split('\n').flatMap((line): Held[] => {
        const subject =
          line.startsWith(before) && line.endsWith(after) && line !== '' && !line.startsWith('#')
            ? parseSubject(line.slice(before.length, line.length - after.length))
            : null;
        return subject === null ? [] : [{ subject, until: null }];
      }),
  };
}
