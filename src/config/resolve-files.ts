/** What `resolve.ts` does, for the files and commands that are told of bans. */
import type { CommandConfig, Config } from './config.ts';
import type { Settings } from './schema.ts';

type DovecotDenyFile = Config['dovecot']['denyFile'];
type WrittenDenyFile = Settings['dovecot']['deny-file'];

export function resolveDovecotDenyFile(written: WrittenDenyFile): DovecotDenyFile {
  const { path = null, 'spare-owners': spareOwners, addresses, kick } = written;
  return { path, spareOwners, addresses, kick };
}

export function writtenDovecotDenyFile({ path, spareOwners, addresses, kick }: DovecotDenyFile): WrittenDenyFile {
  return { path: path ?? undefined, 'spare-owners': spareOwners, addresses, kick };
}

export function resolveExim({ 'deny-file': written }: Settings['exim']): Config['exim'] {
  const { logins = null, addresses = null } = written;
  return { denyFile: { logins, addresses } };
}

export function writtenExim({ denyFile: { logins, addresses } }: Config['exim']): Settings['exim'] {
  return { 'deny-file': { logins: logins ?? undefined, addresses: addresses ?? undefined } };
}

export function resolveCommands(commands: Settings['command']): readonly CommandConfig[] {
  return Object.entries(commands).flatMap(([name, written]) => {
    const { ban, unban = null, reset = null, batch, kinds: types, timeout } = written;
    const refusesLogins = written['refuses-logins'];
    // One without a command to ban is an error, which has been reported.
    return ban === undefined ? [] : [{ name, ban, unban, reset, batch, types, refusesLogins, timeout }];
  });
}

export function writtenCommands(commands: readonly CommandConfig[]): Settings['command'] {
  return Object.fromEntries(
    commands.map(({ name, ban, unban, reset, batch, types, refusesLogins, timeout }) => [
      name,
      {
        ban,
        unban: unban ?? undefined,
        reset: reset ?? undefined,
        batch,
        kinds: types,
        'refuses-logins': refusesLogins,
        timeout,
      },
    ]),
  );
}
