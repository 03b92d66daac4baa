/**
 * A real Postfix and a real Dovecot inside a namespace, with configuration, queue, mail and logs in a folder of their own
 * and Dovecot's SASL behind Postfix's submission port. Installs Debian's packages where they are missing; never touches
 * what runs on this machine. Needs root.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './daemon.ts';
import type { NetworkPair } from './netns.ts';

export const SMTP = 25;
export const SUBMISSION = 587;
export const IMAP = 143;
/** Users who exist, and their passwords. */
export const ALICE = { name: 'alice@example.org', password: 'wonderland' } as const;
export const BOB = { name: 'bob@example.org', password: 'builder' } as const;

export interface MailServers {
  /** Postfix's log. */
  readonly mailLog: string;
  /** Dovecot's own log, without year and zone. */
  readonly dovecotLog: string;
  stop(): Promise<void>;
}

export interface MailServerOptions {
  /** Lines to add to Postfix's main.cf and master.cf. */
  readonly main?: string;
  readonly master?: string;
  /** A passdb of Dovecot's before the one with the users. */
  readonly passdb?: string;
  /** Lines to add to Dovecot's configuration. */
  readonly dovecot?: string;
}

/** Starts both; resolves when they answer. */
export async function startMailServers(
  net: NetworkPair,
  folder: string,
  { main = '', master = '', passdb = '', dovecot: settings = '' }: MailServerOptions = {},
): Promise<MailServers> {
  await install();
  const mailLog = join(folder, 'mail.log');
  const dovecotLog = join(folder, 'dovecot.log');
  await chmod(folder, 0o755);
  const auth = join(folder, 'auth');
  await configurePostfix(folder, mailLog, auth, { main, master });
  await configureDovecot(folder, dovecotLog, auth, settings, passdb);
  const postfix = (command: string) => inside(net, ['postfix', '-c', join(folder, 'postfix'), command]);
  const dovecot = net.spawn(net.server, ['dovecot', '-F', '-c', join(folder, 'dovecot.conf')]);
  await until('a socket of Dovecot for Postfix', () => existsSync(auth));
  await postfix('start');
  for (const port of [SMTP, SUBMISSION, IMAP]) {
    await until(
      `an answer at port ${port}`,
      async () => (await inside(net, ['ss', '-Htln', 'sport', '=', `:${port}`])) !== '',
    );
  }
  return {
    mailLog,
    dovecotLog,
    stop: async () => {
      await postfix('stop').catch(() => {});
      await inside(net, ['doveadm', '-c', join(folder, 'dovecot.conf'), 'stop']).catch(() => {});
      await dovecot.stop();
    },
  };
}

async function inside(net: NetworkPair, argv: readonly [string, ...string[]]): Promise<string> {
  const { exitCode, stdout, stderr } = await net.serverRun(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} failed with ${exitCode}: ${stderr}`);
  return stdout;
}

/** The packages' own scripts would start both servers on this machine; a policy-rc.d that says 101 keeps them from it. */
async function install(): Promise<void> {
  if (existsSync('/usr/sbin/postfix') && existsSync('/usr/sbin/dovecot') && existsSync('/usr/lib/dovecot/imap')) return;
  const policy = '/usr/sbin/policy-rc.d';
  const aside = `${policy}.tailban-test`;
  if (existsSync(policy)) await rename(policy, aside);
  try {
    await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const run = (...args: readonly string[]): void =>
      void execFileSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    run('update');
    run('install', '-y', '--no-install-recommends', 'postfix', 'dovecot-imapd', 'dovecot-pop3d');
  } finally {
    await rm(policy, { force: true });
    if (existsSync(aside)) await rename(aside, policy);
  }
}

async function configurePostfix(
  folder: string,
  log: string,
  auth: string,
  { main, master }: { readonly main: string; readonly master: string },
): Promise<void> {
  const own = join(folder, 'postfix');
  for (const name of [own, join(folder, 'spool'), join(folder, 'data')]) await mkdir(name);
  const [uid, gid] = await idsOf('postfix');
  await chown(join(folder, 'data'), uid, gid);
  await writeFile(
    join(own, 'main.cf'),
    `compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = ${log}
maillog_file_prefixes = ${folder}
myhostname = mx1.example.org
mydestination =
mynetworks = 127.0.0.1/32
inet_interfaces = all
inet_protocols = all
smtpd_peername_lookup = no
alias_maps =
alias_database =
virtual_mailbox_domains = example.org
virtual_mailbox_maps = inline:{ ${ALICE.name}=alice }
virtual_transport = discard
notify_classes =
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${auth}
smtpd_error_sleep_time = 0
${main}`,
  );
  await writeFile(join(own, 'master.cf'), MASTER + master);
}

const MASTER = `smtp inet n - n - - smtpd
submission inet n - n - - smtpd -o syslog_name=postfix/submission -o smtpd_sasl_auth_enable=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
discard unix - - n - - discard
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`;

async function configureDovecot(
  folder: string,
  log: string,
  auth: string,
  settings: string,
  passdb: string,
): Promise<void> {
  const [uid, gid] = await idsOf('mail');
  await mkdir(join(folder, 'homes'));
  await chown(join(folder, 'homes'), uid, gid);
  const users = [ALICE, BOB].map(({ name, password }) => `${name}:{PLAIN}${password}\n`);
  await writeFile(join(folder, 'users'), users.join(''));
  await writeFile(
    join(folder, 'dovecot.conf'),
    `base_dir = ${folder}/dovecot
state_dir = ${folder}/dovecot-state
log_path = ${log}
protocols = imap pop3
listen = *, ::
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_verbose = yes
mail_location = maildir:~/mail
first_valid_uid = 1
first_valid_gid = 1
${passdb}
passdb {
  driver = passwd-file
  args = username_format=%u ${folder}/users
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${folder}/homes/%u
}
service auth {
  unix_listener ${auth} {
    mode = 0660
    user = postfix
    group = postfix
  }
}
# No longer and longer pauses for an address that fails: the test has no time for them.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
${settings}`,
  );
}

/** User and group id, from passwd(5). */
async function idsOf(user: string): Promise<[number, number]> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((text) => text.startsWith(`${user}:`));
  const [, , uid = '', gid = ''] = line?.split(':') ?? [];
  if (!/^\d+$/.test(uid)) throw new Error(`Cannot find the user "${user}" in /etc/passwd`);
  return [Number(uid), Number(gid)];
}
