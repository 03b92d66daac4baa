/**
 * Makes test/corpus/vsftpd-3.0, proftpd-1.3 and pure-ftpd-1.0: Debian 12's FTP servers with PAM, with their own logs where
 * they have one, and syslog. Their packages exclude each other, so each has a root of its own. Needs root, debootstrap,
 * iproute2 and the network for the packages:
 *
 *     node test/corpus/make/ftp.ts [FOLDER FOR THE DEBIAN ROOTS]
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attack, type Scenario, type Step, writeCorpus } from './attack.ts';
import { Addresses, INNOCENT } from './clients.ts';
import { DebianRoot, inNamespace } from './lab.ts';

const PORT = 21;
const SERVER = { address4: '203.0.113.80', address6: '2001:db8:1::80', answer: /^\d{3} .*\r\n$/m } as const;
const IDLE_SECONDS = 8;

interface FtpServer {
  readonly name: string;
  readonly folder: string;
  readonly packages: readonly string[];
  readonly config: string;
  /** The programs to start; vsftpd has one for each family of addresses. */
  readonly commands: readonly (readonly string[])[];
  /** Its own log. */
  readonly log?: string;
  readonly logsIdle: boolean;
}

const SERVERS: readonly FtpServer[] = [
  {
    name: 'vsftpd',
    folder: 'vsftpd-3.0',
    packages: ['vsftpd', 'rsyslog'],
    config: [
      ...[
        'listen=NO',
        'listen_ipv6=NO',
        'background=NO',
        'anonymous_enable=NO',
        'local_enable=YES',
        'pam_service_name=vsftpd',
      ],
      ...[
        'xferlog_enable=YES',
        'xferlog_std_format=NO',
        'vsftpd_log_file=/var/log/lab-ftp.log',
        'secure_chroot_dir=/var/run/vsftpd/empty',
      ],
      ...[
        'seccomp_sandbox=NO',
        'isolate=NO',
        'isolate_network=NO',
        `idle_session_timeout=${IDLE_SECONDS}`,
        'max_login_fails=3',
      ],
    ].join('\n'),
    commands: [
      ['vsftpd', '/etc/lab-ftp.conf', '-olisten=YES'],
      ['vsftpd', '/etc/lab-ftp.conf', '-olisten_ipv6=YES'],
    ],
    log: '/var/log/lab-ftp.log',
    logsIdle: false,
  },
  {
    name: 'proftpd',
    folder: 'proftpd-1.3',
    packages: ['proftpd-core', 'rsyslog'],
    config: [
      ...[
        'ServerType standalone',
        'ServerName lab',
        `Port ${PORT}`,
        'UseIPv6 on',
        `DefaultAddress ${SERVER.address4}`,
        'User proftpd',
        'Group nogroup',
      ],
      ...[`TimeoutLogin ${IDLE_SECONDS}`, 'RequireValidShell off', 'AuthOrder mod_auth_pam.c* mod_auth_unix.c'],
    ].join('\n'),
    // In the foreground it writes to standard error what otherwise goes to SystemLog.
    commands: [['sh', '-c', 'exec proftpd -n -c /etc/lab-ftp.conf 2>/var/log/lab-ftp.log']],
    log: '/var/log/lab-ftp.log',
    logsIdle: true,
  },
  {
    name: 'pure-ftpd',
    folder: 'pure-ftpd-1.0',
    packages: ['pure-ftpd', 'rsyslog'],
    config: '',
    commands: [['pure-ftpd', '-H', '-l', 'pam', '-E', '-u', '1', '-S', String(PORT)]],
    logsIdle: false,
  },
];

function scenarios({ logsIdle }: FtpServer): Scenario[] {
  const { client, forger } = new Addresses(100, 10);
  const session = (name: string, steps: readonly Step[], more: Partial<Scenario> = {}): Scenario => ({
    name,
    ip: client(),
    port: PORT,
    steps,
    ...more,
  });
  const wrong = (name: string, user: string, more: Partial<Scenario> = {}): Scenario =>
    session(name, [`USER ${user}`, 'PASS wrong', 'QUIT'], { expect: { authentication: 1 }, logins: [user], ...more });
  const forged = (name: string, user: string): Scenario => wrong(name, user, { ip: forger(), forged: true });
  return [
    wrong('password-wrong', 'alice'),
    wrong('password-unknown', 'nosuch'),
    wrong('password-v6', 'alice', { ip: '2001:db8:bad:1::1' }),
    session('two-failures', ['USER alice', 'PASS a', 'USER admin', 'PASS b', 'QUIT'], {
      expect: { authentication: 2 },
      logins: ['alice', 'admin'],
    }),
    wrong('failure-then-drop', 'webmaster', { steps: ['USER webmaster', 'PASS x', 4_000, 'drop'] }),
    session('typo-then-success', ['USER alice', 'PASS wonderlnad', 'USER alice', 'PASS wonderland', 'QUIT'], {
      expect: { authentication: 1 },
      logins: ['alice'],
    }),
    session('success', ['USER alice', 'PASS wonderland', 'PWD', 'QUIT']),
    session('quit-at-once', ['QUIT']),
    session('idle', [(IDLE_SECONDS + 3) * 1000], logsIdle ? { expect: { loitering: 1 } } : {}),
    forged('forged-login', `x] FAIL LOGIN: Client "${INNOCENT}"`),
    forged('forged-brackets', `x (${INNOCENT}[${INNOCENT}]) - USER y (Login failed)`),
    forged('forged-pam', `x rhost=${INNOCENT}  user=root`),
    forged('forged-warning', `(?@${INNOCENT}) [WARNING] Authentication failed for user [y]`),
    forged('forged-line', `y: no such user found from ${INNOCENT} [${INNOCENT}] to 203.0.113.80:21`),
  ];
}

async function makeCorpus(server: FtpServer, root: DebianRoot): Promise<void> {
  root.run([
    'sh',
    '-c',
    'id alice >/dev/null 2>&1 || useradd -m -s /bin/sh alice; mkdir -p /run/proftpd /run/vsftpd/empty',
  ]);
  root.run(['chpasswd'], 'alice:wonderland\n');
  root.write('/etc/lab-ftp.conf', `${server.config}\n`);
  if (server.log !== undefined) root.remove(server.log);
  await root.startSyslog('/var/log/lab-syslog.log', '*.*');
  for (const command of server.commands) root.spawn(command);
  await sleep(3_000);
  const played = scenarios(server);
  try {
    await attack(played, SERVER);
    await sleep(2_000);
  } finally {
    await root.stop();
  }
  const own = server.log === undefined ? {} : { [`${server.name}.log`]: root.read(server.log) };
  writeCorpus(
    join(import.meta.dirname, '..', server.folder),
    { ...own, 'syslog.log': root.read('/var/log/lab-syslog.log') },
    played,
  );
}

await inNamespace(async () => {
  for (const server of SERVERS) {
    const root = new DebianRoot(join(process.argv[2] ?? '/var/tmp', `tailban-${server.name}`), server.packages);
    try {
      await makeCorpus(server, root);
    } finally {
      root.leave();
    }
  }
});
