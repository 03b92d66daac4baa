/**
 * Makes test/corpus/sshd-9.2 and sshd-10.0: OpenSSH's server of Debian 12 and 13 with PAM, as Debian sets it up but for the
 * grace time. The client is always that of Debian 12, which sends any login name. Needs root, debootstrap, iproute2 and the
 * network for the packages:
 *
 *     node test/corpus/make/sshd.ts [FOLDER FOR DEBIAN 12] [FOLDER FOR DEBIAN 13]
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attack, type Scenario, type Step, writeCorpus } from './attack.ts';
import { Addresses, INNOCENT } from './clients.ts';
import { DebianRoot, inNamespace } from './lab.ts';
import { BY_KEY, BY_PASSWORD, type Login, logIn, prepareClient, wrongLogin } from './ssh-client.ts';

const PORT = 22;
const SERVER = { address4: '203.0.113.70', address6: '2001:db8:1::70', answer: /\n/ } as const;
const PACKAGES = ['openssh-server', 'openssh-client', 'rsyslog'];
const GRACE_SECONDS = 30;
const VERSION = 'SSH-2.0-Go';

const { client, forger } = new Addresses(100, 10);

const BY_KEYBOARD = ['-o', 'PreferredAuthentications=keyboard-interactive'];

function wrong(name: string, user: string, more?: Partial<Login>): Login {
  return wrongLogin(name, client(), user, more);
}

function forged(name: string, user: string, logged = user, options = BY_PASSWORD): Login {
  return wrong(name, user, { ip: forger(), logins: [logged], forged: true, options });
}

const LOGINS: readonly Login[] = [
  wrong('password-wrong', 'alice'),
  wrong('password-unknown', 'nosuch'),
  wrong('password-v6', 'alice', { ip: '2001:db8:bad:1::1' }),
  wrong('password-unknown-v6', 'nosuch', { ip: '2001:db8:bad:2::2' }),
  wrong('password-three', 'alice', { passwords: ['a', 'b', 'c'] }),
  wrong('password-unknown-three', 'admin', { passwords: ['a', 'b', 'c'] }),
  wrong('password-root', 'root', { note: 'root may log in with a key only' }),
  wrong('password-denied-user', 'mallory', { passwords: ['denied'], note: 'the right password of one in DenyUsers' }),
  wrong('keyboard-wrong', 'alice', { options: BY_KEYBOARD }),
  wrong('keyboard-unknown', 'nosuch', { options: BY_KEYBOARD }),
  wrong('keyboard-three', 'alice', { options: BY_KEYBOARD, passwords: ['a', 'b', 'c'] }),
  wrong('too-many', 'alice', {
    passwords: ['1', '2', '3', '4', '5', '6', '7'],
    logins: Array<string>(6).fill('alice'),
  }),
  wrong('key-wrong', 'bob', { options: BY_KEY, passwords: [], logins: ['bob'] }),
  wrong('key-unknown', 'nosuch', { options: BY_KEY, passwords: [], logins: ['nosuch'] }),
  wrong('key-then-password', 'alice', {
    options: ['-i', '/root/other_key', '-o', 'PreferredAuthentications=publickey,password'],
  }),
  wrong('typo-then-success', 'alice', { passwords: ['wonderlnad', 'wonderland'], logins: ['alice'] }),
  wrong('keyboard-typo-then-success', 'alice', {
    passwords: ['wonderlnad', 'wonderland'],
    options: BY_KEYBOARD,
    logins: ['alice'],
  }),
  { name: 'success-password', ip: client(), user: 'alice', passwords: ['wonderland'], options: BY_PASSWORD },
  { name: 'success-keyboard', ip: client(), user: 'alice', passwords: ['wonderland'], options: BY_KEYBOARD },
  { name: 'success-key', ip: client(), user: 'alice', options: BY_KEY },
  {
    name: 'success-after-other-key',
    ip: client(),
    user: 'alice',
    passwords: ['wonderland'],
    options: ['-i', '/root/other_key', '-o', 'PreferredAuthentications=publickey,password'],
  },
  {
    name: 'old-cipher',
    ip: client(),
    user: 'alice',
    options: ['-o', 'Ciphers=aes128-cbc'],
    expect: { loitering: 1 },
  },
  forged('forged-from', `x from ${INNOCENT} port 22 ssh2`),
  // What stands behind a colon is a style of authentication to sshd, and not logged.
  forged('forged-from-6', 'x from 2001:db8:face::1 port 22 ssh2', 'x from 2001'),
  forged('forged-line', `Accepted password for alice from ${INNOCENT} port 22 ssh2`),
  forged('forged-pam', `x  user=alice rhost=${INNOCENT}`),
  forged('forged-preauth', `alice ${INNOCENT} port 22 [preauth]`),
  forged('forged-keyboard', `x from ${INNOCENT}`, undefined, BY_KEYBOARD),
  forged('forged-key', `x from ${INNOCENT} port 22`, undefined, BY_KEY),
  forged('forged-utf8', '\u043f\u043e\u043b\u044c\u0437', '\\320\\277\\320\\276\\320\\273\\321\\214\\320\\267'),
  forged('forged-long', 'n'.repeat(300), 'n'.repeat(100)),
  forged('forged-blank', ' '),
];

function raw(name: string, steps: readonly Step[], expect: Scenario['expect'], more: Partial<Scenario> = {}): Scenario {
  return { name, ip: client(), port: PORT, steps, ...(expect === undefined ? {} : { expect }), ...more };
}

const SCENARIOS: readonly Scenario[] = [
  raw('connect-and-drop', [300, 'drop'], { loitering: 1 }),
  raw('version-and-drop', [VERSION, 300, 'drop'], { loitering: 1 }),
  raw('http', [{ raw: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' }, 500], { scan: 1 }),
  raw('http-v6', [{ raw: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' }, 500], { scan: 1 }, { ip: '2001:db8:bad:3::3' }),
  raw('junk', [{ raw: Buffer.from('0300002f2ae00000000000436f6f6b69653a0d0a', 'hex') }, 500, 'drop'], { scan: 1 }),
  raw('old-protocol', [{ raw: 'SSH-1.5-Nmap-SSH1-Hostkey\r\n' }, 500], { scan: 1 }),
  raw('junk-behind-version', [VERSION, { raw: 'x'.repeat(400) }, 1500], { scan: 1 }),
  raw('forged-version', [{ raw: `x' from ${INNOCENT} port 22\r\n` }, 500], { scan: 1 }, { ip: forger(), forged: true }),
  raw(
    'forged-http',
    [{ raw: `Failed password for root from ${INNOCENT} port 22 ssh2\r\n` }, 500],
    { scan: 1 },
    { ip: forger(), forged: true },
  ),
];

const IDLE: readonly Scenario[] = [
  raw('idle', [(GRACE_SECONDS + 4) * 1000], { loitering: 1 }),
  raw('version-and-idle', [VERSION, (GRACE_SECONDS + 4) * 1000], { loitering: 1 }),
];
/** Since the hole of 2024 was mended (CVE-2024-6387), versions before 9.8 say nothing when the time is out. */
const IDLE_UNTOLD = IDLE.map((one): Scenario => ({ ...one, expect: {}, note: 'not logged' }));

interface Version {
  readonly folder: string;
  readonly host: DebianRoot;
  readonly scenarios: readonly Scenario[];
  readonly logins: readonly Login[];
  readonly config: string;
}

async function makeCorpus({ folder, host, logins, scenarios, config }: Version, guest: DebianRoot): Promise<void> {
  host.run(['sh', '-c', 'for u in alice bob mallory; do id $u >/dev/null 2>&1 || useradd -m -s /bin/sh $u; done']);
  host.run(['chpasswd'], 'alice:wonderland\nbob:builder\nmallory:denied\nroot:toor\n');
  host.write('/home/alice/.ssh/authorized_keys', guest.read('/root/lab_key.pub'));
  host.run([
    'sh',
    '-c',
    'mkdir -p /run/sshd; ssh-keygen -A; chown -R alice /home/alice/.ssh; chmod 700 /home/alice/.ssh',
  ]);
  const own = `KbdInteractiveAuthentication yes\nLoginGraceTime ${GRACE_SECONDS}\nDenyUsers mallory\nMaxStartups 100\n${config}`;
  host.write('/etc/ssh/lab_config', `${own}Include /etc/ssh/sshd_config\n`);
  await host.startSyslog('/var/log/auth.log', 'auth,authpriv.*');
  host.spawn(['/usr/sbin/sshd', '-D', '-f', '/etc/ssh/lab_config']);
  await sleep(1_500);
  try {
    const waiting = [...logins];
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await logIn(guest, next, SERVER);
    };
    await Promise.all([worker(), worker(), worker(), worker(), attack(scenarios, SERVER)]);
    await sleep(2_000);
  } finally {
    await host.stop();
  }
  const truth = [...logins.map((login) => ({ ...login, port: PORT, steps: [] })), ...scenarios];
  writeCorpus(join(import.meta.dirname, '..', folder), { 'auth.log': host.read('/var/log/auth.log') }, truth);
}

await inNamespace(async () => {
  const twelve = new DebianRoot(process.argv[2] ?? '/var/tmp/tailban-debian12', PACKAGES);
  const thirteen = new DebianRoot(process.argv[3] ?? '/var/tmp/tailban-debian13', PACKAGES, 'trixie');
  prepareClient(twelve);
  try {
    const logins = [...LOGINS, wrong('four-connections', 'root', { times: 4, logins: Array<string>(4).fill('root') })];
    const scenarios = [...SCENARIOS, ...IDLE_UNTOLD];
    await makeCorpus({ folder: 'sshd-9.2', host: twelve, logins, scenarios, config: '' }, twelve);
    await makeCorpus(
      {
        folder: 'sshd-10.0',
        host: thirteen,
        logins: [...LOGINS, wrong('penalties', 'root', { times: 4, expect: { authentication: 1, loitering: 3 } })],
        scenarios: [...SCENARIOS, ...IDLE],
        config: 'PerSourcePenalties authfail:60s min:15s\n',
      },
      twelve,
    );
  } finally {
    twelve.leave();
    thirteen.leave();
  }
});
