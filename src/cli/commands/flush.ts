/** `tailban flush`: takes everything out of the firewall and the mail servers, while no daemon would put it back. */
import { Writable } from 'node:stream';
import type { ApiClient } from '../../api/client.ts';
import { systemClock } from '../../clock.ts';
import { loadEverything } from '../../daemon/loading.ts';
import { createLogger } from '../../log.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';
import { configPath, filtersFolder, ownFiltersFolder } from '../places.ts';

export async function flush(invocation: Invocation): Promise<ExitCode> {
  const { terminal, globals } = invocation;
  if (await answers(await connect(invocation)))
    throw new CliError(
      EXIT.refused,
      'tailban is running, and would put everything back',
      'systemctl stop tailban; or lift the bans for good with tailban unban --all',
    );
  const { loaded } = await loadEverything({
    configPath: configPath(globals.config),
    filterFolder: filtersFolder(),
    ownFilterFolder: ownFiltersFolder(globals.filters),
  });
  const { withdraw } = await import('../../daemon/withdraw.ts');
  let hasFailed = false;
  const destination = new Writable({
    write: (line: Buffer, _encoding, done) => {
      hasFailed = true;
      terminal.note(line.toString().trimEnd());
      done();
    },
  });
  const log = createLogger({ level: 'warn', format: 'pretty', terminal: terminal.isTty, destination });
  await withdraw(loaded.config, log, systemClock.now);
  if (hasFailed) return EXIT.unavailable;
  terminal.print('Nobody is shut out any more; the bans are in force again when tailban starts');
  return EXIT.ok;
}

async function answers(client: ApiClient): Promise<boolean> {
  return client.status().then(
    () => true,
    () => false,
  );
}
