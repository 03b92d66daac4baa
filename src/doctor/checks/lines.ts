/** What stands in the logs: does any filter read it, at the right time, and does it show who really connects? */
import { type Address, contains, type Network, parseNetwork } from '../../core/ip.ts';
import type { Millis } from '../../core/types.ts';
import { howToRead } from '../../daemon/how-to-read.ts';
import { commands, inConfig, note, type Observation, ok, problem, warning, word } from '../finding.ts';
import type { Host } from '../host.ts';
import { type LineStatistics, lineStatistics } from '../line-statistics.ts';
import { type Recent, recentLines } from '../recent-lines.ts';
import { writtenSource } from '../services.ts';
import type { Check, Situation } from '../situation.ts';

/** Fewer than that say nothing. */
const SOME_LINES = 5;
const MANY_LINES = 100;
const SOME_FAILURES = 10;
const NEARLY_ALL = 0.9;
const MINUTE = 60_000;
/** Buffers between a program and its log delay a line by seconds. */
const LARGEST_DELAY = 5 * MINUTE;
const MOST_PROGRAMS = 6;
const MOST_MISSED = 3;
/** They write of failures that are no logins at a server, or repeat what others wrote. */
const NO_SERVERS = /^(?:tailban|fail2ban.*|kernel|crowdsec|sshguard|systemd.*|CRON|sudo|su)$/;

export const linesCheck: Check = {
  name: 'lines',
  async examine(host: Host, situation: Situation) {
    const found: Observation[] = [];
    for (const source of situation.sources) {
      const reading = howToRead(source, situation.filters);
      const { localTime, units, filters } = reading;
      for (const recent of await recentLines(host, source, reading)) {
        if (!recent.data.had || recent.data.value.length === 0) continue;
        const statistics = lineStatistics(recent.data.value, {
          filters: filters.map(({ compiled }) => compiled),
          localTime,
          reference: () => recent.facts?.modified ?? host.now(),
          trust: { units },
        });
        found.push(
          ...programFindings(recent, statistics),
          ...timeFindings(recent, statistics, situation),
          ...addressFindings(recent, statistics, situation),
        );
      }
    }
    return found;
  },
};

function programFindings({ origin, source }: Recent, { lines, recognised, programs }: LineStatistics): Observation[] {
  const known = [...programs].filter(([, { known }]) => known);
  const test =
    source.type === 'files' ? `tailban filter test ${word(origin)}` : 'journalctl -a -n 5000 | tailban filter test -';
  const found: Observation[] = [];
  if (known.length === 0 && recognised === 0) {
    const names = namesOf([...programs.keys()]);
    if (lines < SOME_LINES) found.push(note(`${origin} is as good as empty (lines: ${lines})`));
    else
      found.push(
        warning(
          `None of the last ${lines} lines of ${origin} is by a program that a filter reads${names === '' ? '' : `; it is written by ${names}`}`,
          commands('tailban filter list', test),
        ),
      );
  } else {
    const by = known.length === 0 ? '' : `, by ${namesOf(known.map(([name]) => name))}`;
    found.push(ok(`The filters recognise ${recognised} of the last ${lines} lines of ${origin}${by}`));
  }
  const missed = [...programs]
    .filter(
      ([name, { suspicious, recognised }]) => suspicious >= SOME_LINES && recognised === 0 && !NO_SERVERS.test(name),
    )
    .sort(([, one], [, other]) => other.suspicious - one.suspicious);
  // Whoever may write to a log can bring any number of names.
  for (const [name, program] of missed.slice(0, MOST_MISSED)) {
    const example = program.example === null ? '' : `, such as: ${program.example}`;
    if (program.known && program.lines >= MANY_LINES / 4)
      found.push(
        warning(
          `No pattern matches any of the ${program.lines} last lines of "${name}" in ${origin}, though ${program.suspicious} look like failures${example}`,
          commands(test),
        ),
      );
    else if (!program.known)
      found.push(
        note(
          `No filter reads "${name}" in ${origin}, though ${program.suspicious} of its lines look like failures${example}`,
          commands(test),
        ),
      );
  }
  return found;
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_PROGRAMS).join(', ');
  return names.length > MOST_PROGRAMS ? `${shown} and ${names.length - MOST_PROGRAMS} more` : shown;
}

/** The time in the last line against the time when the file was last written to. */
function timeFindings(
  { origin, source, facts }: Recent,
  { last }: LineStatistics,
  situation: Situation,
): Observation[] {
  if (facts === null || last === null) return [];
  const ahead = last.time - facts.modified;
  if (Math.abs(ahead) <= LARGEST_DELAY) return [];
  const distance = `${Math.round(Math.abs(ahead) / MINUTE)} minutes ${ahead > 0 ? 'after' : 'before'}`;
  const what = `The last line of ${origin} says it was written ${distance} the file was`;
  const effect =
    ahead < 0
      ? 'Bans begin by the time in the line, so they end that much too early, or never begin'
      : 'Such lines count as if they came now';
  if (last.zoned) return [warning(`${what}. ${effect}. Is the clock of the program that writes it right?`)];
  const written = situation.discoveries.length > 0 ? writtenSource(source) : [`[source.${source.name}]`];
  const zoneLine = `timezone = "${zoneOf(last.time, ahead)}"   # the zone in which that program writes, such as Europe/Berlin`;
  const fix = inConfig(situation, [...written, zoneLine]);
  const zone = `${what}, and its stamps carry no zone: it is not that of this host. ${effect}`;
  return [ahead < 0 ? problem(zone, fix) : warning(zone, fix)];
}

/** The zone that would put such stamps right, as far as one moment tells; the signs of these names are turned round. */
function zoneOf(time: Millis, ahead: Millis): string {
  const hours = Math.round((ahead / MINUTE - new Date(time).getTimezoneOffset()) / 60);
  if (hours === 0 || hours < -12 || hours > 14) return 'UTC';
  return `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
}

/** RFC 1918, 4193, 6598, and link-local ones. */
const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
];
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

function addressFindings({ origin }: Recent, { failures }: LineStatistics, { own }: Situation): Observation[] {
  const total = [...failures.values()].reduce((sum, count) => sum + count, 0);
  const [most] = [...failures].sort(([, one], [, other]) => other - one);
  if (most === undefined || total < SOME_FAILURES || most[1] < total * NEARLY_ALL) return [];
  const [address, count] = most;
  const kin = own.find(([network]) => contains(network, address))?.[1];
  const share = `${count} of the last ${total} failures in ${origin} come from ${address}`;
  if (isIn(address, LOOPBACK))
    return [
      warning(
        `${share}: a webmail or a proxy on this host does not tell the server its clients' addresses. Nobody is banned for them, since the host itself is always allowed`,
      ),
    ];
  if (kin === undefined && !isIn(address, PRIVATE)) return [];
  return [
    problem(
      `${share}${kin === undefined ? ', a private address' : ` (${kin})`}: the log shows a proxy or Docker's gateway instead of the clients. Nobody could be banned, or everybody at once`,
      commands(`tailban explain ${address}`, 'docker network ls   # see docs/containers.md, Addresses'),
    ),
  ];
}

function isIn(address: Address, texts: readonly string[]): boolean {
  const networks = texts.map((text) => parseNetwork(text)).filter((network): network is Network => network !== null);
  return networks.some((network) => contains(network, address));
}
