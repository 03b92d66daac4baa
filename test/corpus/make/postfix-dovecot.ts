/**
 * Makes six corpora with Postfix and Dovecot, whose SASL Postfix asks. Those of Debian 12: both in one syslog, as Debian
 * 12 writes it, in RFC 3164, and in the journal; Postfix with the ports of its clients in the log, where only Postfix is
 * attacked; and Dovecot alone in a log of its own, with PAM behind it. That of Debian 13: both in one syslog. Takes about
 * a quarter of an hour. Needs root, debootstrap, systemd-nspawn, iproute2 and the network for the packages; names of corpora
 * choose among them:
 *
 *     node test/corpus/make/postfix-dovecot.ts [FOLDER FOR THE DEBIAN ROOTS [CORPUS…]]
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { attack, type Scenario, writeCorpus } from './attack.ts';
import { INNOCENT, PAM_USER } from './clients.ts';
import { bootContainer } from './container.ts';
import { startNameServer } from './dns.ts';
import { type DovecotLog, dovecotScenarios } from './dovecot-scenarios.ts';
import { DebianRoot, inNamespace } from './lab.ts';
import { configureDovecot, configurePostfix } from './postfix-dovecot-config.ts';
import { postfixScenarios } from './postfix-scenarios.ts';

const ANSWER = /^(?:\d{3} |\* (?:OK|BYE)|a\d* (?:OK|NO|BAD)|\+|-ERR|OK|NO|BYE).*\r\n$/m;
const SERVER = { address4: '203.0.113.10', address6: '2001:db8:1::10', answer: ANSWER } as const;
const PACKAGES = [
  'postfix',
  'dovecot-imapd',
  'dovecot-pop3d',
  'dovecot-managesieved',
  'rsyslog',
  'openssl',
  'systemd-sysv',
];
const LOG = '/var/log/lab.log';
const OWN_LOG = '/var/log/dovecot-lab.log';
/** Each client waits more than it works. */
const AT_ONCE = 24;

/** Of Debian. */
type Release = 'bookworm' | 'trixie';

interface Corpus extends DovecotLog {
  readonly name: string;
  readonly release: Release;
  readonly version: '2.3' | '2.4';
  readonly log: 'rfc3339' | 'rfc3164' | 'journal' | 'own';
  /** Postfix logs the ports of its clients, and only Postfix is attacked. */
  readonly ports?: boolean;
}

const DEBIAN_12 = { release: 'bookworm', version: '2.3', pam: false } as const;
const DEBIAN_13 = { release: 'trixie', version: '2.4', pam: false } as const;
const CORPORA: readonly Corpus[] = [
  { ...DEBIAN_12, name: 'postfix-3.7-dovecot-2.3', log: 'rfc3339', verbose: false, idlers: true },
  { ...DEBIAN_12, name: 'postfix-3.7-dovecot-2.3-trad', log: 'rfc3164', verbose: false, idlers: false },
  { ...DEBIAN_12, name: 'postfix-3.7-dovecot-2.3-journal', log: 'journal', verbose: true, idlers: false },
  { ...DEBIAN_12, name: 'postfix-3.7-ports', log: 'rfc3339', verbose: true, idlers: false, ports: true },
  { ...DEBIAN_12, name: 'dovecot-2.3-own-log', log: 'own', verbose: true, pam: true, idlers: true },
  { ...DEBIAN_13, name: 'postfix-3.10-dovecot-2.4', log: 'rfc3339', verbose: true, idlers: true },
];

const HOSTS = new Map([
  ['mx1.example.org', '203.0.113.10'],
  ['example.net', '203.0.113.50'],
  ['example.com', '203.0.113.51'],
  ['scanner20.evil.example', '192.0.2.20'],
  ['203-0-113-99.203.0.113.99.evil.example', '192.0.2.22'],
]);
const REVERSE = new Map([...HOSTS].map(([name, address]) => [address, name]));

/** A user of the host writes what he likes into the journal, under any name but not as another user. */
const LOCAL_FORGER: Scenario = {
  name: 'journal-local-user',
  ip: '198.51.100.250',
  port: 0,
  steps: [],
  forged: true,
  note: 'a local user writes a line of Postfix',
};

const LOCAL_LINES = [
  `postfix/smtpd "warning: unknown[${INNOCENT}]: SASL LOGIN authentication failed: authentication failure"`,
  `dovecot "imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<v>, rip=${INNOCENT}, session=<a>"`,
];

/** Services of the container: Postfix's and Dovecot's are enabled when they are installed. */
function configureJournal(root: DebianRoot): void {
  root.remove('/var/log/journal');
  root.run(['mkdir', '-p', '/var/log/journal']);
  root.write('/etc/systemd/journald.conf', '[Journal]\nStorage=persistent\nRateLimitBurst=0\nForwardToSyslog=no\n');
  const commands = LOCAL_LINES.map((line) => `ExecStart=/usr/bin/logger -p mail.info -t ${line}\n`).join('');
  const service = `[Service]\nType=oneshot\nUser=${PAM_USER.name}\n${commands}`;
  root.write('/etc/systemd/system/lab-forger.service', service);
  root.run(['mkdir', '-p', '/etc/systemd/system/multi-user.target.wants']);
  root.run(['ln', '-sf', '../lab-forger.service', '/etc/systemd/system/multi-user.target.wants/']);
}

async function makeJournal(root: DebianRoot, corpus: Corpus): Promise<void> {
  configureJournal(root);
  configureDovecot(root, corpus, '/etc/dovecot/dovecot.conf');
  const container = bootContainer(root);
  const scenarios = [...dovecotScenarios(corpus), ...postfixScenarios()];
  try {
    await sleep(20_000);
    await attack(scenarios, SERVER, AT_ONCE);
    await sleep(3_000);
  } finally {
    await container.stop();
  }
  const journal = root.run(['journalctl', '-a', '-o', 'json', '-D', '/var/log/journal', 'SYSLOG_FACILITY=2']);
  const folder = folderOf(corpus);
  writeCorpus(folder, {}, [...scenarios, LOCAL_FORGER]);
  writeFileSync(join(folder, 'journal.json.gz'), gzipSync(journal));
}

async function makeLog(root: DebianRoot, corpus: Corpus): Promise<void> {
  const isOwn = corpus.log === 'own';
  await root.startSyslog(LOG, isOwn ? 'auth,authpriv.*' : 'mail.*', corpus.log === 'rfc3164');
  root.remove(OWN_LOG);
  configureDovecot(root, { ...corpus, ...(isOwn ? { ownLog: OWN_LOG } : {}) }, '/etc/dovecot/lab.conf');
  root.spawn(['dovecot', '-F', '-c', '/etc/dovecot/lab.conf']);
  await sleep(2_000);
  if (!isOwn) root.spawn(['postfix', 'start-fg']);
  await sleep(4_000);
  const scenarios = [...(corpus.ports ? [] : dovecotScenarios(corpus)), ...(isOwn ? [] : postfixScenarios())];
  await attack(scenarios, SERVER, AT_ONCE);
  await sleep(3_000);
  // What was started is a script, and not the master process.
  if (!isOwn) root.run(['postfix', 'stop']);
  await root.stop();
  const logs: Record<string, string> = isOwn
    ? { 'dovecot.log': root.read(OWN_LOG), 'auth.log': root.read(LOG) }
    : { 'mail.log': root.read(LOG) };
  writeCorpus(folderOf(corpus), logs, scenarios);
}

function folderOf({ name }: Corpus): string {
  return join(import.meta.dirname, '..', name);
}

/** Each release has a root of its own. */
function prepare(folder: string, { release, ports = false }: Corpus): DebianRoot {
  const root = new DebianRoot(`${folder}-${release}`, PACKAGES, release);
  configurePostfix(root, ports);
  root.run(['install', '-d', '-o', 'mail', '-g', 'mail', '/tmp/lab-homes']);
  root.run(['sh', '-c', `id ${PAM_USER.name} 2>/dev/null >&2 || useradd -m ${PAM_USER.name}`]);
  root.run(['chpasswd'], `${PAM_USER.name}:${PAM_USER.password}\n`);
  return root;
}

await inNamespace(async () => {
  const [folder = '/var/tmp/tailban-postfix', ...chosen] = process.argv.slice(2);
  startNameServer(HOSTS, REVERSE);
  for (const corpus of CORPORA) {
    if (chosen.length > 0 && !chosen.includes(corpus.name)) continue;
    const root = prepare(folder, corpus);
    try {
      await (corpus.log === 'journal' ? makeJournal : makeLog)(root, corpus);
    } finally {
      await root.stop();
      root.leave();
    }
  }
});
