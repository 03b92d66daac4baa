/**
 * Postfix and Dovecot as Debian installs them, in a container without a syslog daemon: both log to the journal only. And
 * those who attack them from outside, each from an address of its own.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Container } from './container.ts';
import type { Conversation, Step } from './mail-client.ts';
import { type NetworkPair, SERVER4 } from './netns.ts';

/** The client's own addresses end below; these are added as they are needed. */
const FIRST_ADDRESS = 20;
const CLIENT = fileURLToPath(new URL('mail-client.ts', import.meta.url));
const KNOCKER = fileURLToPath(new URL('knocker.ts', import.meta.url));

/** What the tailban package depends on is there already, because the container has no network to get it from. */
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'nftables', 'iproute2', 'libatomic1'],
  ...['postfix', 'dovecot-imapd', 'ssl-cert'],
];

export type Release = 'bookworm' | 'trixie';

/** A container that is ready to be booted. */
export function mailContainer(release: Release, net: NetworkPair): Container {
  const container = Container.create(release, PACKAGES, net.server);
  container.write('/etc/hostname', 'mx1.example.org\n');
  container.write('/etc/hosts', '127.0.0.1 localhost mx1.example.org\n');
  // Refused at once, where the resolver of this machine would be waited for in vain.
  container.write('/etc/resolv.conf', 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  const [users, settings] = release === 'bookworm' ? DOVECOT_2_3 : DOVECOT_2_4;
  // PAM takes its time for a wrong password.
  container.write('/etc/dovecot/conf.d/auth-system.conf.ext', users);
  container.write('/etc/dovecot/users', '');
  container.write('/etc/dovecot/conf.d/99-test.conf', settings);
  container.chroot('postconf', '-e', ...POSTFIX);
  // Makes the folder that Dovecot's socket for Postfix goes into.
  container.chroot('postfix', 'check');
  return container;
}

const POSTFIX = [
  'myhostname = mx1.example.org',
  'inet_interfaces = all',
  'smtpd_peername_lookup = no',
  'smtpd_sasl_auth_enable = yes',
  'smtpd_sasl_type = dovecot',
  'smtpd_sasl_path = private/auth',
  'smtpd_tls_security_level = none',
  'smtpd_error_sleep_time = 0',
];

const DOVECOT_COMMON = `ssl = no
auth_failure_delay = 0
auth_mechanisms = plain login
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0666
  }
}
# No longer and longer pauses for an address that fails: the test has no time for them.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`;
const DOVECOT_2_3 = [
  'passdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n}\nuserdb {\n  driver = passwd\n}\n',
  `disable_plaintext_auth = no\n${DOVECOT_COMMON}`,
] as const;
const DOVECOT_2_4 = [
  'passdb passwd-file {\n  passwd_file_path = /etc/dovecot/users\n}\nuserdb passwd {\n}\n',
  `auth_allow_cleartext = yes\n${DOVECOT_COMMON}`,
] as const;

/** Addresses outside, attacks from them, and who knocks all the time. */
export class Outside {
  readonly #net: NetworkPair;
  readonly #knockers: ChildProcess[] = [];
  #next = FIRST_ADDRESS;

  constructor(net: NetworkPair) {
    this.#net = net;
  }

  /** An address that nobody has used yet. */
  address(): string {
    const address = `192.0.2.${this.#next++}`;
    execFileSync('ip', ['-n', this.#net.client, 'addr', 'add', `${address}/24`, 'dev', 'wire']);
    return address;
  }

  /** Tries so many wrong passwords, each in a connection of its own; gives how each has ended. */
  async guess(protocol: 'smtp' | 'imap', from: string, times: number): Promise<string[]> {
    const results: string[] = [];
    for (let n = 0; n < times; n++) {
      const steps = protocol === 'smtp' ? smtpSteps() : imapSteps();
      results.push(await this.#talk({ from, to: SERVER4, port: protocol === 'smtp' ? 25 : 143, steps }));
    }
    return results;
  }

  /** Knocks until the end of the test. @returns what has come of it so far, without repetitions. */
  knock(from: string, port: number): () => readonly string[] {
    const argv = ['netns', 'exec', this.#net.client, process.execPath, KNOCKER, from, SERVER4, String(port)];
    const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#knockers.push(child);
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += data));
    return () => said.split('\n').filter((line) => line !== '');
  }

  stop(): void {
    for (const child of this.#knockers) child.kill('SIGKILL');
  }

  async #talk(conversation: Conversation): Promise<string> {
    const peer = this.#net.spawn(this.#net.client, [process.execPath, CLIENT, JSON.stringify(conversation)]);
    try {
      for (let line = ''; ; ) {
        const next = await peer.line();
        if (/^(?:done|closed|silence|E[A-Z]+)$/.test(next)) return next === 'done' ? line : next;
        line = next;
      }
    } finally {
      await peer.stop();
    }
  }
}

function smtpSteps(): Step[] {
  const secret = Buffer.from(`\0alice\0wrong`).toString('base64');
  return [
    { answer: '^220 .*' },
    { send: 'EHLO client.example', answer: '^250 .*' },
    { send: `AUTH PLAIN ${secret}`, answer: '^[45]\\d\\d .*' },
  ];
}

function imapSteps(): Step[] {
  return [{ answer: '^\\* OK.*' }, { send: 'a LOGIN alice wrong', answer: '^a .*' }];
}
