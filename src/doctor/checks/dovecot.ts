/** Dovecot: does its log tell what tailban has to know? */
import { type DovecotBlock, parseDovecot } from '../dovecot-settings.ts';
import { commands, inConfig, linesIn, note, type Observation, ok, problem, warning } from '../finding.ts';
import { type Host, output } from '../host.ts';
import { runningServers, unreadLog } from '../services.ts';
import type { Check, Situation } from '../situation.ts';
import { authPolicy } from './dovecot-auth-policy.ts';
import { denyFile } from './dovecot-deny-file.ts';

export const dovecotCheck: Check = {
  name: 'dovecot',
  async examine(host: Host, situation: Situation) {
    const { onHost } = await runningServers(host);
    if (!onHost.has('Dovecot')) return [];
    const text = await output(host, 'doveconf', '-a');
    if (text === null) return [note('Dovecot runs, but doveconf cannot tell its settings', commands('doveconf -n'))];
    const version = (await output(host, 'dovecot', '--version'))?.trim().split(' ', 1)[0] ?? '';
    const root = parseDovecot(text);
    return [
      ...logging(root, situation, version),
      ...verbosity(root, situation),
      ...elements(root),
      ...proxy(root, situation),
      ...(await authPolicy(host, root, situation)),
      ...(await denyFile(host, root, situation, version)),
    ];
  },
};

function logging({ settings }: DovecotBlock, situation: Situation, version: string): Observation[] {
  const path = settings.get('info_log_path') || settings.get('log_path') || 'syslog';
  if (path === 'syslog') {
    const facility = settings.get('syslog_facility') ?? 'mail';
    if (facility === 'mail') return [ok(`Dovecot ${version} logs to syslog as mail`)];
    return [
      warning(
        `Dovecot logs to the syslog facility ${facility}: its lines do not stand in the usual mail log`,
        linesIn(OWN, ['syslog_facility = mail'], RELOAD),
      ),
    ];
  }
  if (path === '/dev/null') return [problem('Dovecot logs to /dev/null', linesIn(OWN, ['log_path = syslog'], RELOAD))];
  // Under systemd that is the journal, in a container its runtime.
  if (path === '/dev/stderr' || path === '/dev/stdout') return [ok(`Dovecot ${version} logs to ${path}`)];
  return unreadLog('Dovecot', path, situation);
}

const OWN = '/etc/dovecot/conf.d/99-tailban.conf';
const RELOAD = 'systemctl reload dovecot';

function verbosity({ settings }: DovecotBlock, { config }: Situation): Observation[] {
  const found: Observation[] = [];
  if (settings.get('auth_verbose') === 'yes') found.push(ok('Dovecot tells each failed login (auth_verbose = yes)'));
  else
    found.push(
      warning(
        'Dovecot tells of failed logins only at the end of a connection, with the last login alone (auth_verbose = no); a client that stays connected goes on guessing',
        linesIn(OWN, ['auth_verbose = yes'], RELOAD),
      ),
    );
  const passwords = settings.get('auth_verbose_passwords') ?? 'no';
  if (/^(?:yes|plain)/.test(passwords))
    found.push(
      warning(
        `Dovecot writes the passwords of failed logins into its log (auth_verbose_passwords = ${passwords}), and with them those that users mistyped`,
        linesIn(OWN, ['auth_verbose_passwords = sha1:6'], RELOAD),
      ),
    );
  else if (passwords === 'no' && config.logins.distinct && config.dovecot.authPolicy.listen === null)
    found.push(
      note(
        'Dovecot does not tell one wrong password from another, so an old phone that tries the same one again and again counts each time',
        linesIn(OWN, ['auth_verbose_passwords = sha1:6'], RELOAD),
      ),
    );
  return found;
}

/** What stands at the end of the lines of login processes. */
function elements({ settings }: DovecotBlock): Observation[] {
  const written = settings.get('login_log_format_elements');
  if (written === undefined) return [];
  const fix = linesIn(
    OWN,
    ['# delete the line login_log_format_elements = … where it stands; the default is right'],
    RELOAD,
  );
  if (!/\brip=/.test(written))
    return [problem('Dovecot does not log the addresses of clients (login_log_format_elements has no rip=)', fix)];
  if (!/\bsession=/.test(written))
    return [
      note(
        'Dovecot does not log its sessions (login_log_format_elements has no session=), which join what two logs tell of one login',
        fix,
      ),
    ];
  return [];
}

/** Packets come from the proxy then, so a firewall here cannot tell the clients apart. */
function proxy(root: DovecotBlock, situation: Situation): Observation[] {
  const { config } = situation;
  const listeners = root.blocks.flatMap(({ blocks }) => blocks).filter(({ type }) => type === 'inet_listener');
  const proxied = listeners.some(({ settings }) => settings.get('haproxy') === 'yes');
  if (!proxied || config.dovecot.authPolicy.listen !== null || config.dovecot.denyFile.addresses) return [];
  return [
    warning(
      'Dovecot stands behind a proxy (haproxy = yes): the log shows the clients, but packets come from the proxy, so the firewall of this host stops nobody. Let Dovecot ask tailban, or ban at the proxy',
      inConfig(situation, ['[dovecot.auth-policy]', 'listen = "127.0.0.1:4001"'], 'see docs/dovecot-auth-policy.md'),
    ),
  ];
}
