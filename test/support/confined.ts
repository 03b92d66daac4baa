/**
 * What a program in the place of the daemon may do, tried out: prints as JSON what has worked and what has not. Runs in the
 * container, with the runtime of the package and nothing else.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const OWN = '/var/lib/tailban/confined';

function run(...[file = '', ...args]: readonly string[]): void {
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function rawSocket(): void {
  const ffi = process.getBuiltinModule('node:ffi');
  const { functions } = ffi.dlopen(null, { socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' } });
  if (functions.socket(AF_PACKET, SOCK_RAW, 0) < 0) throw new Error('no such socket');
}

/** journalctl has no error for a journal that it may not read: it is just empty. */
function readJournal(): void {
  const entries = execFileSync('journalctl', ['-n', '1', '-o', 'cat', '--boot=all', '-u', 'dovecot.service']);
  if (entries.length === 0) throw new Error('no entries');
}

/** The first ones are what the daemon needs. */
const attempts: Readonly<Record<string, () => unknown>> = {
  'its state': () => writeFileSync(OWN, ''),
  'the journal': readJournal,
  'the logs': () => readFileSync('/var/log/confined.log'),
  nft: () => run('nft', 'add', 'table', 'inet', 'confined'),
  'nft again': () => run('nft', 'delete', 'table', 'inet', 'confined'),
  ss: () => run('ss', '-HtnK', 'state', 'connected', 'dst', '203.0.113.1'),
  'write /etc': () => writeFileSync('/etc/confined', ''),
  'write its configuration': () => writeFileSync('/etc/tailban/confined', ''),
  'write /usr': () => writeFileSync('/usr/lib/tailban/confined', ''),
  'write /var/spool': () => writeFileSync('/var/spool/confined', ''),
  'write /var/log': () => writeFileSync('/var/log/confined', ''),
  'write /tmp of the host': () => readFileSync('/tmp/of-the-host'),
  'write a kernel setting': () => writeFileSync('/proc/sys/net/ipv4/ip_forward', '1'),
  'write a control group': () => writeFileSync('/sys/fs/cgroup/cgroup.procs', '1'),
  'read /home': () => readdirSync('/home'),
  'read /root': () => readdirSync('/root'),
  'read passwords': () => readFileSync('/etc/shadow'),
  'gain a group by a program that is setgid': () => run('chage', '-l', 'root'),
  'make a program that is setuid': () => chmodSync(OWN, 0o4755),
  'give a file away': () => chownSync(OWN, 0, 0),
  'see other processes': () => readFileSync('/proc/1/status'),
  'mount something': () => run('mount', '-t', 'tmpfs', 'tmpfs', '/mnt'),
  'make a user namespace': () => run('unshare', '--user', 'true'),
  'make a network namespace': () => run('unshare', '--net', 'true'),
  'set the clock': () => run('date', '-s', '2000-01-01'),
  'name the host': () => run('hostname', 'confined'),
  'open a raw socket': rawSocket,
  'read kernel messages': () => readFileSync('/dev/kmsg'),
};

const possible: string[] = [];
const refused: string[] = [];
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    attempt();
    possible.push(name);
  } catch {
    refused.push(name);
  }
}
process.stdout.write(`${JSON.stringify({ possible, refused })}\n`);
