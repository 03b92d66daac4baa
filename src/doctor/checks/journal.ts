/** The journal, where it is read: may the daemon see it, does it outlive a reboot, and does it leave lines out? */
import { daemonUser } from '../daemon-user.ts';
import { commands, linesIn, note, type Observation, ok, problem, warning } from '../finding.ts';
import { exists, type Host, output } from '../host.ts';
import type { Check, Situation } from '../situation.ts';

/** systemd-journald.service(8): members may read all of it. */
const GROUPS = ['systemd-journal', 'adm', 'wheel'];

export const journalCheck: Check = {
  name: 'journal',
  async examine(host: Host, situation: Situation) {
    if (!situation.sources.some(({ type }) => type === 'journal')) return [];
    const folder = await firstThere(host, ['/var/log/journal', '/run/log/journal']);
    if (folder === null)
      return [
        problem('A source reads the journal, but this host has none', commands('systemctl status systemd-journald')),
      ];
    const found: Observation[] = [...(await access(host, situation))];
    if (folder !== '/var/log/journal')
      found.push(
        note(
          'The journal is kept in memory: what is logged while tailban is down is lost at a reboot',
          commands(
            'mkdir -p /var/log/journal',
            'systemd-tmpfiles --create --prefix /var/log/journal',
            'journalctl --flush',
          ),
        ),
      );
    return [...found, ...(await suppressed(host))];
  },
};

async function firstThere(host: Host, paths: readonly string[]): Promise<string | null> {
  for (const path of paths) if (await exists(host, path)) return path;
  return null;
}

async function access(host: Host, { daemon }: Situation): Promise<Observation[]> {
  const answer = await host.run(['journalctl', '--lines=1', '--output=cat', '--no-pager', 'SYSLOG_FACILITY=2']);
  if (!answer.had) {
    const fix = answer.lack === 'missing' ? commands('apt-get install systemd') : null;
    return [problem(`A source reads the journal, but journalctl cannot be run: ${answer.reason}`, fix)];
  }
  if (/No journal files were found/.test(answer.value.stderr))
    return [problem('A source reads the journal, but it has no files', commands('systemctl restart systemd-journald'))];
  const user = await daemonUser(host, daemon);
  if (user !== null) {
    const gids = await Promise.all(GROUPS.map((group) => gidOf(host, group)));
    if (user.uid === 0 || user.readsAll || gids.some((gid) => gid !== null && user.gids.includes(gid)))
      return [ok(`The daemon runs as ${user.name}, who may read the journal`)];
    return [
      problem(
        `The daemon runs as ${user.name}, who may not read the journal`,
        commands(`usermod -aG systemd-journal ${user.name}`, 'systemctl restart tailban'),
      ),
    ];
  }
  const { stderr, exitCode } = answer.value;
  if (/insufficient permissions|not seeing messages/i.test(stderr))
    return [note('This user may not read all of the journal')];
  if (exitCode !== 0 && stderr !== '')
    return [warning(`journalctl complains: ${stderr.trim().split('\n')[0]}`, commands('journalctl --verify'))];
  return [ok('The journal can be read')];
}

async function gidOf(host: Host, group: string): Promise<number | null> {
  const entry = await output(host, 'getent', 'group', group);
  return entry === null ? null : Number(entry.split(':')[2]);
}

/** journald.conf(5), RateLimitBurst: beyond it a unit's lines are dropped, and a flood of attacks is just that. */
async function suppressed(host: Host): Promise<Observation[]> {
  const text = await output(
    host,
    'journalctl',
    '--since=-1d',
    '--output=cat',
    '--no-pager',
    '--lines=1000',
    '_SYSTEMD_UNIT=systemd-journald.service',
  );
  const units = new Map<string, number>();
  for (const [, count = '0', unit = ''] of (text ?? '').matchAll(/^Suppressed (\d+) messages from (\S+)/gm))
    units.set(unit, (units.get(unit) ?? 0) + Number(count));
  if (units.size === 0) return [];
  const list = [...units].map(([unit, count]) => `${count} of ${unit}`).join(', ');
  return [
    warning(
      `journald dropped lines since yesterday, because there were too many at once: ${list}. What attackers did there is lost`,
      linesIn(
        '/etc/systemd/journald.conf.d/tailban.conf',
        ['[Journal]', 'RateLimitIntervalSec=0'],
        'systemctl restart systemd-journald',
      ),
    ),
  ];
}
