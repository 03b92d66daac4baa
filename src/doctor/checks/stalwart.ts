/** Stalwart: by default it does not log failed logins at all. */
import { howToRead } from '../../daemon/how-to-read.ts';
import { linesIn, note, type Observation, ok, problem } from '../finding.ts';
import type { Host } from '../host.ts';
import { recentLines } from '../recent-lines.ts';
import { runningServers } from '../services.ts';
import type { Check, Situation } from '../situation.ts';

export const stalwartCheck: Check = {
  name: 'stalwart',
  async examine(host: Host, situation: Situation): Promise<readonly Observation[]> {
    const { onHost, contained } = await runningServers(host);
    if (!onHost.has('Stalwart') && !contained.has('Stalwart')) return [];
    if (situation.sources.some(({ type }) => type === 'webhook'))
      return [ok('Stalwart can send its events to the webhook, whatever its log level is')];
    const logs = await logsFailures(host, situation);
    if (logs === null) return [note('Whether Stalwart logs failed logins is not known: no log of it can be read')];
    if (logs) return [ok('Stalwart logs failed logins (auth.failed)')];
    return [
      problem(
        'No failed login (auth.failed) stands in the logs that are read: by default Stalwart does not log them. Raise their level, or better let it send them (docs/stalwart.md)',
        linesIn("Stalwart's settings (from 0.16 on: the level of the event auth.failed)", [
          'tracing.level."auth.failed" = "info"',
        ]),
      ),
    ];
  },
};

/** Null where no log could be read. */
async function logsFailures(host: Host, { sources, filters }: Situation): Promise<boolean | null> {
  let answer: boolean | null = null;
  for (const source of sources)
    for (const { data } of await recentLines(host, source, howToRead(source, filters)))
      if (data.had) answer ||= data.value.includes('(auth.failed)');
  return answer;
}
