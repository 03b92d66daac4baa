/** Exim: does its log tell what tailban has to know, and does it look into the files that tailban writes? */
import { commands, linesIn, note, type Observation, ok, problem } from '../finding.ts';
import { type Host, output } from '../host.ts';
import { runningServers, unreadLog } from '../services.ts';
import type { Check, Situation } from '../situation.ts';

/** By the names of Debian and of everybody else. */
const PROGRAMS = ['exim4', 'exim'];
/** What scans and a connection's own lines are told by; none of it is on by default (Exim's specification, log_selector). */
const SELECTORS = ['smtp_protocol_error', 'smtp_syntax_error', 'incoming_port'];

export const eximCheck: Check = {
  name: 'exim',
  async examine(host: Host, situation: Situation) {
    const { onHost } = await runningServers(host);
    if (!onHost.has('Exim')) return [];
    for (const program of PROGRAMS) {
      const text = await output(host, program, '-bP', 'log_selector', 'log_file_path');
      if (text === null) continue;
      return [
        ...logging(settingIn(text, 'log_file_path'), situation),
        ...selectors(settingIn(text, 'log_selector')),
        ...(await denyFiles(host, program, situation)),
      ];
    }
    return [note('Exim runs, but does not tell this user its settings', commands('exim4 -bP log_selector'))];
  },
};

function settingIn(text: string, name: string): string {
  return new RegExp(`^${name} =[ \\t]*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
}

/** `log_file_path` is a list with colons; `%s` is the name of the log, `%D` and others are dates. */
function logging(path: string, situation: Situation): Observation[] {
  const places = path.split(/\s*:\s*/).filter((one) => one !== '');
  const file = places.find((one) => one.startsWith('/'));
  if (file === undefined || places.includes('syslog')) return [ok('Exim logs to syslog')];
  if (/%[DM]/.test(file)) return [];
  const main = file.replace('%s', 'main');
  const unread = unreadLog('Exim', main, situation);
  return unread.length > 0 ? unread : [ok(`Exim logs to ${main}, which is read`)];
}

function selectors(written: string): Observation[] {
  const isOn = (name: string): boolean => {
    const last = written.match(new RegExp(`[+-](?:${name}|all)\\b`, 'g'))?.at(-1);
    return last?.startsWith('+') ?? false;
  };
  const missing = SELECTORS.filter((name) => !isOn(name));
  if (missing.length === 0) return [ok('Exim logs scans and the ports of connections (log_selector)')];
  return [
    note(
      `Exim leaves out of its log what tells scans and single connections (${missing.join(', ')})`,
      linesIn(
        "Exim's configuration (Debian: MAIN_LOG_SELECTOR in /etc/exim4/conf.d/main/00_local)",
        [`log_selector = ${[written, ...missing.map((name) => `+${name}`)].join(' ').trim()}`],
        'systemctl reload exim4',
      ),
    ),
  ];
}

async function denyFiles(host: Host, program: string, { config }: Situation): Promise<Observation[]> {
  const { logins, addresses } = config.exim.denyFile;
  const paths = [logins, addresses].filter((path) => path !== null);
  if (paths.length === 0) return [];
  const text = await output(host, program, '-bP', 'config');
  if (text === null) return [note('Whether Exim looks into the files of tailban cannot be seen by this user')];
  return paths.map((path) =>
    text.includes(path)
      ? ok(`Exim looks into ${path}`)
      : problem(
          `tailban writes ${path}, but Exim's configuration does not name it: nobody is refused (docs/exim.md tells what to write)`,
        ),
  );
}
