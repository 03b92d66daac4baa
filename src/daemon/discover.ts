/**
 * Finds the mail logs of a host that has no configuration: the files that rsyslog and Dovecot write, else the journal; and
 * the logs of servers that write to no syslog.
 */
import { constants, type Stats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { SourceConfig } from '../config/config.ts';
import type { Millis } from '../core/types.ts';

/** Where Debian, Red Hat, SUSE and Dovecot's own documentation put them. */
const FILES = [
  '/var/log/mail.log',
  '/var/log/maillog',
  '/var/log/mail',
  '/var/log/dovecot.log',
  '/var/log/dovecot-info.log',
];
/** Exim's main log, as Debian, Red Hat, SUSE and cPanel have it. Its reject log only repeats that. */
const OWN_FILES = [
  '/var/log/exim4/mainlog',
  '/var/log/exim/main.log',
  '/var/log/exim/mainlog',
  '/var/log/exim_mainlog',
];
/** Stalwart's logs, by date; of a folder the time tells when the last one was begun. */
const OWN_FOLDERS = ['/opt/stalwart/logs', '/opt/stalwart-mail/logs'];
const JOURNALS = ['/var/log/journal', '/run/log/journal'];
/** A log that nobody has written to for so long is left over from an older set-up. */
const STALE: Millis = 14 * 86_400_000;

/**
 * The sources to read, and a sentence for each finding. Files come before the journal: where both are there, rsyslog
 * writes the journal's lines to the files, and each line must count once.
 */
export async function discoverSources(
  now: Millis,
): Promise<{ readonly sources: readonly SourceConfig[]; readonly findings: readonly string[] }> {
  const common = { filters: null, zone: null };
  const fresh: string[] = [];
  for (const file of FILES) if (await isFresh(file, now, (stats) => stats.isFile())) fresh.push(file);
  const own: string[] = [];
  for (const file of OWN_FILES) if (await isFresh(file, now, (stats) => stats.isFile())) own.push(file);
  for (const folder of OWN_FOLDERS)
    if (await isFresh(folder, now, (stats) => stats.isDirectory())) own.push(`${folder}/stalwart.*`);
  const ownSources: SourceConfig[] =
    own.length === 0 ? [] : [{ ...common, type: 'files', name: 'own-logs', files: own }];
  const ownFindings = own.length === 0 ? [] : [`found ${own.join(' and ')}`];
  if (fresh.length > 0) {
    return {
      sources: [{ ...common, type: 'files', name: 'mail', files: fresh }, ...ownSources],
      findings: [`found ${fresh.join(' and ')}`, ...ownFindings],
    };
  }
  if ((await anyExists(JOURNALS)) && (await isCommand('journalctl'))) {
    return {
      sources: [{ ...common, type: 'journal', name: 'journal', units: null }, ...ownSources],
      findings: [`found no log file of syslog, reading the journal`, ...ownFindings],
    };
  }
  if (own.length > 0) return { sources: ownSources, findings: ownFindings };
  const waiting = '/var/log/mail.log';
  return {
    sources: [{ ...common, type: 'files', name: 'mail', files: [waiting] }],
    findings: [`found neither a mail log nor a journal, waiting for ${waiting}`],
  };
}

async function isFresh(path: string, now: Millis, isRight: (stats: Stats) => boolean): Promise<boolean> {
  try {
    const stats = await stat(path);
    return isRight(stats) && now - stats.mtimeMs < STALE;
  } catch {
    return false;
  }
}

async function anyExists(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** Whether a command is on the PATH. */
export async function isCommand(name: string): Promise<boolean> {
  for (const folder of (process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin').split(delimiter)) {
    const found = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
