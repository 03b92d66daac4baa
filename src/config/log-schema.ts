/** The table `[log]`: what the daemon itself writes, and where. */
import { choice, path } from './forms.ts';
import { optional, type Report, setting, table } from './setting.ts';
import type { TomlTable } from './toml.ts';

export const log = table(
  'What the daemon itself writes; on standard output, where nothing else is said.',
  {
    level: setting(choice(['debug', 'info', 'warn', 'error']), 'info', {
      meaning: 'The least that is written',
      fail2ban: 'loglevel',
    }),
    format: setting(choice(['auto', 'json', 'pretty', 'journal']), 'auto', {
      meaning:
        'Lines for people, JSON for programs, or entries of the journal with fields; auto is pretty on a terminal, journal under systemd, and JSON elsewhere',
    }),
    file: optional(path(), {
      meaning: 'A file instead of standard output; it is opened anew by a reload and by SIGUSR1',
      fail2ban: 'logtarget',
      example: '/var/log/tailban/tailban.log',
    }),
  },
  isOnePlace,
);

function isOnePlace(raw: TomlTable, report: Report): void {
  if (raw['format'] === 'journal' && Object.hasOwn(raw, 'file'))
    report({
      path: ['file'],
      against: 'format',
      on: 'key',
      message: 'entries of the journal do not go into a file',
      hint: 'Leave file out, or write format = "json"',
    });
}
