/** The clock of the host: bans begin and end by it, and logs are read by it. */
import { commands, note, ok, warning } from '../finding.ts';
import { type Host, output } from '../host.ts';
import type { Check } from '../situation.ts';

export const clockCheck: Check = {
  name: 'clock',
  async examine(host: Host) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const text = await output(host, 'timedatectl', 'show');
    const synchronised = text === null ? await byChrony(host) : /^NTPSynchronized=yes$/m.test(text);
    if (synchronised === true) return [ok(`The clock is synchronised, the zone is ${zone}`)];
    if (synchronised === null)
      return [
        note(
          `Whether the clock is synchronised is not known: neither timedatectl nor chronyc answers. The zone is ${zone}`,
        ),
      ];
    return [
      warning(
        'The clock is not synchronised: when it is set right, bans end early or late, and lines seem to come from another time',
        commands('timedatectl set-ntp true', 'timedatectl timesync-status'),
      ),
    ];
  },
};

/** Null where chrony does not answer. */
async function byChrony(host: Host): Promise<boolean | null> {
  const text = await output(host, 'chronyc', '-n', 'tracking');
  if (text === null) return null;
  return /^Leap status\s*:\s*Normal/m.test(text);
}
