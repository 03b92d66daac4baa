/**
 * Makes test/corpus/sendmail-8.17: Debian 12's Sendmail with a password file, at its default log level (9), and the same
 * attacks at level 14, in RFC 3164. Needs root, debootstrap, iproute2 and the network for the packages:
 *
 *     node test/corpus/make/sendmail.ts [FOLDER FOR THE DEBIAN ROOT]
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attack, type Scenario, writeCorpus } from './attack.ts';
import { startNameServer } from './dns.ts';
import { DebianRoot, inNamespace } from './lab.ts';
import { SCENARIOS } from './sendmail-scenarios.ts';

const SERVER = { address4: '203.0.113.10', address6: '2001:db8:1::10', answer: /^\d{3} .*\r\n$/m } as const;
const PACKAGES = ['sendmail-bin', 'sendmail-cf', 'sasl2-bin', 'libsasl2-modules', 'rsyslog', 'openssl', 'm4'];

const CONFIG = `divert(-1)
divert(0)dnl
define(\`_USE_ETC_MAIL_')dnl
include(\`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(\`debian')dnl
DOMAIN(\`debian-mta')dnl
undefine(\`confHOST_STATUS_DIRECTORY')dnl
FEATURE(\`no_default_msa')dnl
DAEMON_OPTIONS(\`Family=inet, Name=MTA-v4, Port=smtp')dnl
DAEMON_OPTIONS(\`Family=inet, Name=MSP-v4, Port=submission, M=Ea')dnl
DAEMON_OPTIONS(\`Family=inet6, Name=MTA-v6, Port=smtp, M=O')dnl
DAEMON_OPTIONS(\`Family=inet6, Name=MSP-v6, Port=submission, M=OEa')dnl
define(\`confPRIVACY_FLAGS', \`needmailhelo,needexpnhelo,needvrfyhelo,restrictqrun,nobodyreturn,authwarnings')dnl
FEATURE(\`use_cw_file')dnl
FEATURE(\`greet_pause', \`1000')dnl
define(\`confBAD_RCPT_THROTTLE', \`3')dnl
define(\`confTO_COMMAND', \`8s')dnl
define(\`confTO_DATABLOCK', \`8s')dnl
define(\`confAUTH_MECHANISMS', \`LOGIN PLAIN CRAM-MD5')dnl
define(\`confAUTH_OPTIONS', \`A')dnl
TRUST_AUTH_MECH(\`LOGIN PLAIN CRAM-MD5')dnl
define(\`confCACERT_PATH', \`/etc/ssl/certs')dnl
define(\`confCACERT', \`/etc/mail/tls/lab.crt')dnl
define(\`confSERVER_CERT', \`/etc/mail/tls/lab.crt')dnl
define(\`confSERVER_KEY', \`/etc/mail/tls/lab.key')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
`;

function configure(root: DebianRoot): void {
  root.write('/etc/hosts', '127.0.0.1 localhost\n203.0.113.10 mx1.example.org mx1\n');
  root.write('/etc/mail/local-host-names', 'example.org\nmx1.example.org\n');
  root.write('/etc/mail/lab.mc', CONFIG);
  root.write('/etc/mail/service.switch', 'hosts files dns\naliases files\n');
  root.write('/etc/mail/lab.cf', root.run(['m4', '/etc/mail/lab.mc']));
  root.write(
    '/etc/sasl2/Sendmail.conf',
    'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN CRAM-MD5\n',
  );
  root.write('/usr/lib/sasl2/Sendmail.conf', root.read('/etc/sasl2/Sendmail.conf'));
  root.run(['saslpasswd2', '-p', '-c', '-u', 'example.org', 'alice'], 'wonderland');
  root.run(['chmod', '600', '/etc/sasldb2']);
  for (const user of ['bob', 'alice']) root.run(['sh', '-c', `id ${user} 2>/dev/null >&2 || useradd -m ${user}`]);
  const certificate = [
    '-keyout',
    '/etc/mail/tls/lab.key',
    '-out',
    '/etc/mail/tls/lab.crt',
    '-subj',
    '/CN=mx1.example.org',
  ];
  root.run([
    'sh',
    '-c',
    `mkdir -p /etc/mail/tls && openssl req -x509 -newkey rsa:2048 -nodes -days 30 ${certificate.join(' ')} 2>/dev/null && chmod 600 /etc/mail/tls/lab.key`,
  ]);
}

/** So long that Sendmail cuts the address off behind it. */
const LONG_NAME = `${Array(4).fill('n'.repeat(50)).join('.')}.example`;
/** The second name in reverse has an address of its own, and the third holds one. */
const HOSTS = new Map([
  ['mx1.example.org', '203.0.113.10'],
  ['example.org', '203.0.113.10'],
  ['example.net', '203.0.113.50'],
  ['example.com', '203.0.113.51'],
  ['scanner20.evil.example', '192.0.2.20'],
  ['mail.bigbank.example', '203.0.113.52'],
  ['203-0-113-99.203.0.113.99.evil.example', '192.0.2.22'],
  [LONG_NAME, '192.0.2.23'],
  [`a.${LONG_NAME}`, '192.0.2.24'],
]);
const REVERSE = new Map([
  ['203.0.113.10', 'mx1.example.org'],
  ['192.0.2.20', 'scanner20.evil.example'],
  ['192.0.2.21', 'mail.bigbank.example'],
  ['192.0.2.22', '203-0-113-99.203.0.113.99.evil.example'],
  ['192.0.2.23', LONG_NAME],
  ['192.0.2.24', `a.${LONG_NAME}`],
]);

await inNamespace(async () => {
  const root = new DebianRoot(process.argv[2] ?? '/var/tmp/tailban-sendmail', PACKAGES);
  try {
    configure(root);
    startNameServer(HOSTS, REVERSE);
    // Debian calls it sm-mta, Red Hat sendmail.
    for (const [folder, level, tag, traditional] of [
      ['sendmail-8.17', '9', 'sm-mta', false],
      ['sendmail-8.17-level-14', '14', 'sendmail', true],
    ] as const) {
      await root.startSyslog('/var/log/lab.log', 'mail.*', traditional);
      const options = ['-C/etc/mail/lab.cf', `-OLogLevel=${level}`, '-OPidFile=/run/sendmail-lab.pid'];
      root.spawn(['/usr/sbin/sendmail-mta', `-L${tag}`, '-bD', '-q30m', ...options]);
      await sleep(3_000);
      await attack(SCENARIOS, SERVER);
      await sleep(3_000);
      await root.stop();
      const isSilent = ({ name, expect }: Scenario): boolean =>
        level === '9' && name.startsWith('helo-') && expect?.['scan'] !== undefined;
      const truth = SCENARIOS.map((one) => (isSilent(one) ? { ...one, expect: {} } : one));
      writeCorpus(join(import.meta.dirname, '..', folder), { 'mail.log': root.read('/var/log/lab.log') }, truth);
    }
  } finally {
    await root.stop();
    root.leave();
  }
});
