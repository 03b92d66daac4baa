/** The files that Dovecot and Exim look locked logins and banned addresses up in. */
import { flag, path } from './forms.ts';
import { optional, type Report, setting, table } from './setting.ts';
import type { TomlTable } from './toml.ts';

export const dovecotDenyFile = table('A passwd-file of locked logins for a passdb in front of the real one.', {
  path: optional(path(), {
    meaning: 'The file; without it, none is written',
    example: '/etc/dovecot/tailban/deny',
  }),
  'spare-owners': setting(flag(), false, {
    meaning:
      'Whether owners get in from their known-good networks; only for a passdb with result_success = return-fail, see docs/dovecot-file.md',
  }),
  addresses: setting(flag(), false, {
    meaning: 'Whether banned addresses stand in it too, for a passdb of their own, where no firewall may be touched',
  }),
  kick: setting(flag(), false, {
    meaning: 'Whether the open sessions of a login end when it is locked (doveadm kick)',
  }),
});

export const exim = table('How Exim learns whom to refuse.', {
  'deny-file': table(
    'Files that Exim looks up; without a path, none is written.',
    {
      logins: optional(path(), { meaning: 'Locked logins (lsearch)', example: '/etc/exim4/tailban/logins' }),
      addresses: optional(path(), {
        meaning: 'Banned addresses and networks (iplsearch)',
        example: '/etc/exim4/tailban/addresses',
      }),
    },
    areTwoFiles,
  ),
});

function areTwoFiles({ logins, addresses }: TomlTable, report: Report): void {
  if (logins !== undefined && logins === addresses)
    report({ path: ['addresses'], message: 'this is the file of the logins, addresses need one of their own' });
}
