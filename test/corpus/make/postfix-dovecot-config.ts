/** How Postfix and Dovecot are set up for their corpora. */
import { ALICE, CAROL } from './clients.ts';
import type { DebianRoot } from './lab.ts';
import { DENIED, LIMITED, MX, MX_AUTH, POSTSCREEN, SMTPS, SUBMISSION } from './postfix-scenarios.ts';

const AUTH_SOCKET = '/var/spool/postfix/private/auth';
const CERTIFICATE = '/etc/ssl/lab.crt';
const KEY = '/etc/ssl/lab.key';

const MAIN = `compatibility_level = 3.6
myhostname = mx1.example.org
mydestination =
mynetworks = 127.0.0.1/32
inet_interfaces = all
inet_protocols = all
alias_maps =
alias_database =
virtual_mailbox_domains = example.org
virtual_mailbox_maps = inline:{ ${ALICE}=alice, bob@example.org=bob }
virtual_transport = discard
notify_classes =
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, reject_unknown_sender_domain
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_tls_cert_file = ${CERTIFICATE}
smtpd_tls_key_file = ${KEY}
smtpd_tls_security_level = may
smtpd_error_sleep_time = 0
smtpd_junk_command_limit = 10
smtpd_timeout = 8s
postscreen_greet_wait = 3s
postscreen_greet_action = enforce
postscreen_bare_newline_enable = yes
postscreen_bare_newline_action = enforce
postscreen_pipelining_enable = yes
postscreen_pipelining_action = enforce
postscreen_non_smtp_command_enable = yes
postscreen_non_smtp_command_action = enforce
postscreen_command_time_limit = 8s
postscreen_access_list = inline:{ ${DENIED}=reject }
postscreen_denylist_action = drop
postscreen_cache_map = btree:/var/lib/postfix/lab_screen
`;

const AUTH = '-o smtpd_sasl_auth_enable=yes';
const MASTER = `${MX} inet n - n - - smtpd
${MX_AUTH} inet n - n - - smtpd ${AUTH}
${SUBMISSION} inet n - n - - smtpd -o syslog_name=postfix/submission ${AUTH}
${SMTPS} inet n - n - - smtpd -o syslog_name=postfix/submissions -o smtpd_tls_wrappermode=yes ${AUTH}
${LIMITED} inet n - n - - smtpd -o syslog_name=postfix/rate -o smtpd_client_connection_rate_limit=3
${POSTSCREEN} inet n - n - 1 postscreen
smtpd pass - - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
discard unix - - n - - discard
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
`;

/** @param ports whether it logs the ports of its clients */
export function configurePostfix(root: DebianRoot, ports: boolean): void {
  root.write('/etc/hosts', '127.0.0.1 localhost\n203.0.113.10 mx1.example.org mx1\n');
  root.write('/etc/postfix/main.cf', `${MAIN}smtpd_client_port_logging = ${ports ? 'yes' : 'no'}\n`);
  root.write('/etc/postfix/master.cf', MASTER);
  root.remove('/var/lib/postfix/lab_screen.db');
  // Makes the folders of the queue, in one of which Dovecot is to have its socket.
  root.run(['postfix', 'check']);
  const request = 'openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=mx1.example.org';
  root.run(['sh', '-c', `${request} -keyout ${KEY} -out ${CERTIFICATE} 2>/dev/null && newaliases 2>/dev/null || true`]);
}

export interface DovecotSettings {
  readonly verbose: boolean;
  readonly pam: boolean;
  /** Where it writes its log; syslog by default. */
  readonly ownLog?: string;
  /** 2.4 has a language of its own. */
  readonly version: '2.3' | '2.4';
}

export function configureDovecot(root: DebianRoot, settings: DovecotSettings, file: string): void {
  root.write('/etc/dovecot/lab.users', `${ALICE}:{PLAIN}wonderland\n${CAROL.name}:{PLAIN}${CAROL.password}\n`);
  root.write('/etc/dovecot/lab.denied', `${CAROL.name}:\n`);
  // Without the pause that PAM makes on a failure, for the login process makes one too.
  root.write('/etc/pam.d/dovecot', 'auth required pam_unix.so nodelay\naccount required pam_unix.so\n');
  root.write(file, settings.version === '2.3' ? dovecot23(settings) : dovecot24(settings));
}

const SOCKET = `service auth {
  unix_listener ${AUTH_SOCKET} {
    mode = 0660
    user = postfix
    group = postfix
  }
}
`;

function dovecot24({ verbose }: DovecotSettings): string {
  return `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
protocols = imap pop3 sieve
listen = *, ::
ssl = yes
ssl_server_cert_file = ${CERTIFICATE}
ssl_server_key_file = ${KEY}
auth_allow_cleartext = yes
auth_mechanisms = plain login cram-md5
auth_verbose = ${verbose ? 'yes' : 'no'}
mail_driver = maildir
mail_path = ~/mail
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
passdb deny {
  driver = passwd-file
  deny = yes
  passwd_file_path = /etc/dovecot/lab.denied
}
passdb passwd-file {
  passwd_file_path = /etc/dovecot/lab.users
}
userdb static {
  fields {
    uid = mail
    gid = mail
    home = /tmp/lab-homes/%{user}
  }
}
${SOCKET}`;
}

function dovecot23({ verbose, pam, ownLog }: DovecotSettings): string {
  return `protocols = imap pop3 sieve
listen = *, ::
ssl = yes
ssl_cert = <${CERTIFICATE}
ssl_key = <${KEY}
disable_plaintext_auth = no
${ownLog === undefined ? '' : `log_path = ${ownLog}`}
auth_mechanisms = plain login${pam ? '' : ' cram-md5'}
auth_verbose = ${verbose ? 'yes' : 'no'}
mail_location = maildir:~/mail
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = passwd-file
  deny = yes
  args = username_format=%u /etc/dovecot/lab.denied
}
passdb {
  driver = passwd-file
  args = username_format=%u /etc/dovecot/lab.users
}
${pam ? 'passdb {\n  driver = pam\n}' : ''}
userdb {
  driver = static
  args = uid=mail gid=mail home=/tmp/lab-homes/%u
}
${SOCKET}`;
}
