/** Mail servers in containers: are their logs read, and does the firewall stand in front of them? */
import { howToRead } from '../../daemon/how-to-read.ts';
import { note, type Observation, ok, problem } from '../finding.ts';
import { exists, type Host } from '../host.ts';
import { runningServers, sourceFix } from '../services.ts';
import type { Check, Situation } from '../situation.ts';

/** docs/containers.md: where each runtime keeps what containers print. */
const LOGS = [
  { folder: '/var/lib/docker/containers', glob: '/var/lib/docker/containers/*/*-json.log', unit: 'docker.service' },
  {
    folder: '/var/lib/containers/storage/overlay-containers',
    glob: '/var/lib/containers/storage/overlay-containers/*/userdata/ctr.log',
    unit: null,
  },
  { folder: '/var/log/pods', glob: '/var/log/pods/*/*/*.log', unit: null },
] as const;

export const containersCheck: Check = {
  name: 'containers',
  async examine(host: Host, situation: Situation): Promise<readonly Observation[]> {
    const { contained } = await runningServers(host);
    if (contained.size === 0) return [];
    const servers = [...contained].join(' and ');
    const runtime = await runtimeOf(host);
    if (runtime === null)
      return [
        note(`${servers} in a container: where its runtime keeps what it prints is not known (docs/containers.md)`),
      ];
    const found: Observation[] = [];
    if (isRead(runtime, situation)) found.push(ok(`${servers} in containers, and what they print is read`));
    else
      found.push(
        problem(
          `${servers} in containers, and what they print is not read`,
          sourceFix(situation, ['[source.containers]', `files = ["${runtime.glob}"]`]),
        ),
      );
    if (situation.config.firewall.backend !== 'none')
      found.push(
        note(
          `Their settings are not looked at here. The ports that the firewall closes are those outside: ${ports(situation)}`,
        ),
      );
    return found;
  },
};

function ports({ config }: Situation): string {
  return config.firewall.ports.length === 0 ? 'all' : config.firewall.ports.join(', ');
}

async function runtimeOf(host: Host): Promise<(typeof LOGS)[number] | null> {
  for (const one of LOGS) if (await exists(host, one.folder)) return one;
  return null;
}

function isRead({ folder, unit }: (typeof LOGS)[number], { sources, filters }: Situation): boolean {
  return sources.some((source) =>
    source.type === 'files'
      ? source.files.some((file) => file.startsWith(folder) || folder.startsWith(file.replace(/[*?[{].*$/, '')))
      : source.type === 'journal' && unit !== null && howToRead(source, filters).units.has(unit),
  );
}
