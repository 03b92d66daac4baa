/**
 * A real Exim inside a namespace. Its package would replace Postfix, so it is only unpacked, with the one library that
 * is not there otherwise, and run from a folder of its own. It insists on its user, whom `/etc/passwd` has in a mount
 * namespace alone. Needs root, and the network for the packages.
 */
import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './daemon.ts';
import type { NetworkPair, Peer } from './netns.ts';

const PACKAGES = ['exim4-daemon-light', 'libidn12'];
const UNPACKED = join(tmpdir(), 'tailban-exim');
/** The user and group that Exim runs as here; they have this number in Debian. */
export const MAIL = 8;

/** Starts it; resolves when it answers at port 25. @param settings the configuration but for what it needs to run here. */
export async function startExim(net: NetworkPair, folder: string, settings: string): Promise<Peer> {
  unpack();
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'spool'));
  await chown(join(folder, 'spool'), MAIL, MAIL);
  const config = join(folder, 'exim.conf');
  const own = `exim_user = mail
exim_group = mail
exim_path = ${UNPACKED}/usr/sbin/exim4
spool_directory = ${folder}/spool
log_file_path = ${folder}/spool/%slog
pid_file_path = ${folder}/spool/pid
primary_hostname = mx1.example.org
tls_advertise_hosts =
keep_environment = LD_LIBRARY_PATH
host_lookup =
rfc1413_query_timeout = 0s
`;
  await writeFile(config, own + settings);
  for (const name of ['passwd', 'group']) {
    const entry = name === 'passwd' ? `Debian-exim:x:${MAIL}:${MAIL}::/:/bin/false` : `Debian-exim:x:${MAIL}:`;
    await writeFile(join(folder, name), `${await readFile(`/etc/${name}`, 'utf8')}${entry}\n`);
  }
  const library = join(
    UNPACKED,
    'usr/lib',
    readdirSync(join(UNPACKED, 'usr/lib')).find((name) => name.includes('linux')) ?? '',
  );
  const start = `mount --bind ${folder}/passwd /etc/passwd && mount --bind ${folder}/group /etc/group &&
    LD_LIBRARY_PATH=${library} exec ${UNPACKED}/usr/sbin/exim4 -C ${config} -bdf -oX 25`;
  const peer = net.spawn(net.server, ['sh', '-c', start]);
  await until('an answer at port 25', async () => {
    const { stdout } = await net.serverRun(['ss', '-Htln', 'sport', '=', ':25']);
    return stdout !== '';
  });
  return peer;
}

function unpack(): void {
  if (existsSync(join(UNPACKED, 'usr/sbin/exim4'))) return;
  execFileSync('mkdir', ['-p', UNPACKED]);
  const options: ExecFileSyncOptions = { cwd: UNPACKED, stdio: ['ignore', 'ignore', 'pipe'] };
  execFileSync('apt-get', ['update'], options);
  execFileSync('apt-get', ['download', ...PACKAGES], options);
  for (const name of readdirSync(UNPACKED).filter((file) => file.endsWith('.deb')))
    execFileSync('dpkg-deb', ['-x', name, '.'], options);
}
