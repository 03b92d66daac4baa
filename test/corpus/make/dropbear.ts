/**
 * Makes test/corpus/dropbear-2022: dropbear of Debian 12, logging to syslog. Needs root, debootstrap, iproute2 and the
 * network for the packages:
 *
 *     node test/corpus/make/dropbear.ts [FOLDER FOR DEBIAN 12]
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attack, type Scenario, writeCorpus } from './attack.ts';
import { Addresses, INNOCENT } from './clients.ts';
import { DebianRoot, inNamespace } from './lab.ts';
import { BY_KEY, BY_PASSWORD, type Login, logIn, prepareClient, wrongLogin } from './ssh-client.ts';

const PORT = 22;
const SERVER = { address4: '203.0.113.90', address6: '2001:db8:1::90', answer: /\n/ } as const;

const { client, forger } = new Addresses(100, 10);

function wrong(name: string, user: string, more?: Partial<Login>): Login {
  return wrongLogin(name, client(), user, more);
}

/** Dropbear does not log the name of a user who does not exist, and says once a connection that there is none. */
function unknown(name: string, user: string, more: Partial<Login> = {}): Login {
  return wrong(name, user, { expect: { authentication: 1 }, logins: [], ...more });
}

const LOGINS: readonly Login[] = [
  wrong('password-wrong', 'alice'),
  wrong('password-v6', 'alice', { ip: '2001:db8:bad:1::1' }),
  wrong('password-three', 'alice', { passwords: ['a', 'b', 'c'] }),
  unknown('password-unknown', 'nosuch'),
  unknown('password-unknown-three', 'admin', { passwords: ['a', 'b', 'c'] }),
  wrong('key-wrong', 'bob', { options: BY_KEY, passwords: [], logins: ['bob'] }),
  wrong('typo-then-success', 'alice', { passwords: ['wonderlnad', 'wonderland'], logins: ['alice'] }),
  { name: 'success-password', ip: client(), user: 'alice', passwords: ['wonderland'], options: BY_PASSWORD },
  { name: 'success-key', ip: client(), user: 'alice', options: BY_KEY },
  unknown('forged-from', `x from ${INNOCENT}:22`, { ip: forger(), forged: true }),
  unknown('forged-line', `Bad password attempt for root from ${INNOCENT}`, { ip: forger(), forged: true }),
];

const SCENARIOS: readonly Scenario[] = [
  { name: 'connect-and-drop', ip: client(), port: PORT, steps: [300, 'drop'], expect: { loitering: 1 } },
  {
    name: 'http',
    ip: client(),
    port: PORT,
    steps: [{ raw: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' }, 500, 'drop'],
    expect: { loitering: 1 },
  },
  {
    name: 'old-protocol',
    ip: client(),
    port: PORT,
    steps: [{ raw: 'SSH-1.5-Nmap-SSH1-Hostkey\r\n' }, 500],
    expect: { scan: 1 },
  },
  {
    name: 'junk-behind-version',
    ip: client(),
    port: PORT,
    steps: ['SSH-2.0-Go', { raw: 'x'.repeat(400) }, 800],
    expect: { scan: 1 },
  },
];

await inNamespace(async () => {
  const root = new DebianRoot(process.argv[2] ?? '/var/tmp/tailban-debian12', [
    'dropbear-bin',
    'openssh-client',
    'rsyslog',
  ]);
  try {
    prepareClient(root);
    root.run(['sh', '-c', 'for u in alice bob; do id $u >/dev/null 2>&1 || useradd -m -s /bin/sh $u; done']);
    root.run(['chpasswd'], 'alice:wonderland\nbob:builder\n');
    root.write('/home/alice/.ssh/authorized_keys', root.read('/root/lab_key.pub'));
    root.run(['sh', '-c', 'mkdir -p /etc/dropbear; chown -R alice /home/alice/.ssh; chmod 700 /home/alice/.ssh']);
    await root.startSyslog('/var/log/auth.log', 'auth,authpriv.*');
    root.spawn(['dropbear', '-F', '-R', '-p', String(PORT)]);
    await sleep(1_500);
    for (const login of LOGINS) await logIn(root, login, SERVER);
    await attack(SCENARIOS, SERVER);
    await sleep(2_000);
  } finally {
    await root.stop();
    root.leave();
  }
  const truth = [...LOGINS.map((login) => ({ ...login, port: PORT, steps: [] })), ...SCENARIOS];
  writeCorpus(join(import.meta.dirname, '../dropbear-2022'), { 'auth.log': root.read('/var/log/auth.log') }, truth);
});
