/** The service that runs the daemon: enabled, not restarting all the time, confined; and the runtime under it. */
import { commands, note, type Observation, ok, problem, warning } from '../finding.ts';
import { type Host, output } from '../host.ts';
import type { Check, Situation } from '../situation.ts';

/** Older ones lack what tailban is written in (docs/architecture.md). */
const OLDEST_RUNTIME = 24;

export const serviceCheck: Check = {
  name: 'service',
  async examine(host: Host, { daemon }: Situation) {
    return [...runtime(host), ...(await service(host, daemon.runs))];
  },
};

function runtime({ runtime: version }: Host): Observation[] {
  const major = Number(version.split('.', 1)[0]);
  if (major >= OLDEST_RUNTIME) return [ok(`Node.js ${version} runs it`)];
  return [
    problem(`Node.js ${version} is too old, tailban needs ${OLDEST_RUNTIME} or newer`, commands('tailban --version')),
  ];
}

async function service(host: Host, runs: boolean): Promise<Observation[]> {
  const unit = await unitProperties(host);
  if (unit === null)
    return [note('systemd is not there or does not answer: see to it yourself that tailban is started at boot')];
  const get = (name: string): string => unit.get(name) ?? '';
  if (get('LoadState') !== 'loaded') {
    return [
      note(
        runs
          ? 'There is no unit tailban.service: see to it yourself that tailban is started at boot'
          : 'There is no unit tailban.service',
      ),
    ];
  }
  const found: Observation[] = [];
  const state = get('UnitFileState');
  if (state === 'enabled') found.push(ok('tailban.service is started at boot'));
  else
    found.push(
      warning(
        `tailban.service is not started at boot (it is ${state || 'not enabled'})`,
        commands('systemctl enable tailban'),
      ),
    );
  if (get('ActiveState') === 'failed') {
    found.push(
      problem(
        `tailban.service has failed (${get('Result')})`,
        commands('journalctl -u tailban -n 50 --no-pager', 'tailban check', 'systemctl restart tailban'),
      ),
    );
  }
  const restarts = Number(get('NRestarts'));
  if (restarts > 0) {
    found.push(
      warning(
        `systemd had to restart tailban ${restarts === 1 ? 'once' : `${restarts} times`}`,
        commands('journalctl -u tailban -p warning --no-pager'),
      ),
    );
  }
  if (get('NoNewPrivileges') !== 'yes' || get('ProtectSystem') !== 'strict')
    found.push(
      note(
        'tailban.service is not confined (NoNewPrivileges, ProtectSystem): a drop-in or an own unit took that away',
        commands('systemctl cat tailban', 'systemd-analyze security tailban'),
      ),
    );
  return found;
}

const PROPERTIES = [
  'LoadState',
  'ActiveState',
  'UnitFileState',
  'Result',
  'NRestarts',
  'NoNewPrivileges',
  'ProtectSystem',
];

/** Null where systemd does not answer. */
async function unitProperties(host: Host): Promise<ReadonlyMap<string, string> | null> {
  const text = await output(host, 'systemctl', 'show', 'tailban.service', `--property=${PROPERTIES.join(',')}`);
  if (text === null) return null;
  const lines = text.split('\n').filter((line) => line.includes('='));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
