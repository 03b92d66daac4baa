/** Postfix: does its log tell what tailban has to know, and does it ask tailban as the configuration says? */
import type { Listen } from '../../config/config.ts';
import { howToRead } from '../../daemon/how-to-read.ts';
import { Matcher } from '../../filter/match.ts';
import { commands, inConfig, linesIn, note, type Observation, ok, problem, warning, word } from '../finding.ts';
import type { Host } from '../host.ts';
import { type PostfixSettings, postfixSettings } from '../postfix-settings.ts';
import { recentLines } from '../recent-lines.ts';
import { runningServers, unreadLog } from '../services.ts';
import type { Check, Situation } from '../situation.ts';

const NAMES = [
  'mail_version',
  'maillog_file',
  'syslog_facility',
  'smtpd_sasl_auth_enable',
  'smtpd_sasl_type',
  'smtpd_client_port_logging',
  'smtpd_delay_reject',
  'smtpd_client_restrictions',
  'smtpd_upstream_proxy_protocol',
  'postscreen_upstream_proxy_protocol',
  'queue_directory',
] as const;
const RELOAD = 'postfix reload';

export const postfixCheck: Check = {
  name: 'postfix',
  async examine(host: Host, situation: Situation) {
    const { onHost } = await runningServers(host);
    if (!onHost.has('Postfix')) return [];
    const settings = await postfixSettings(host, NAMES);
    if (settings === null)
      return [note('Postfix runs, but postconf cannot tell its settings', commands('postconf -n'))];
    return [
      ...logging(settings, situation),
      ...ports(settings, situation),
      ...logins(settings),
      ...(await namelessFailures(host, settings, situation)),
      ...proxy(settings, situation),
      ...asking(settings, situation),
    ];
  },
};

function logging(settings: PostfixSettings, situation: Situation): Observation[] {
  const file = settings.get('maillog_file');
  if (file.startsWith('/') && file !== '/dev/stdout') return unreadLog('Postfix', file, situation);
  const facility = settings.get('syslog_facility');
  if (facility === 'mail' || facility === '')
    return [ok(`Postfix ${settings.get('mail_version')} logs to syslog as mail`)];
  return [
    warning(
      `Postfix logs to the syslog facility ${facility}: its lines stand neither in the usual mail log nor where tailban looks in the journal`,
      commands("postconf -e 'syslog_facility = mail'", RELOAD),
    ),
  ];
}

/** As Postfix writes it where the port of the client is logged too. */
const LINE_WITH_PORT =
  '2026-11-22T08:47:29.030545+00:00 mx1 postfix/smtpd[377]: warning: unknown[192.0.2.102]:4111: SASL LOGIN authentication failed: UGFzc3dvcmQ6\n';

/** Whether the filter that is in force can read such lines is found out, not assumed. */
function ports(settings: PostfixSettings, { filters }: Situation): Observation[] {
  const filter = filters.get('postfix');
  if (filter === undefined || !settings.everywhere('smtpd_client_port_logging').includes('yes')) return [];
  let isRead = false;
  const matcher = new Matcher({
    filters: [filter.compiled],
    localTime: (...parts) => Date.UTC(...parts),
    reference: () => Date.UTC(2026, 10, 22),
    trust: { units: new Set() },
  });
  matcher.readText(Buffer.from(LINE_WITH_PORT), () => {
    isRead = true;
  });
  if (isRead) return [];
  return [
    problem(
      'Postfix logs the port behind the address (smtpd_client_port_logging = yes), and the filter does not read such lines: no failure is recognised',
      commands("postconf -e 'smtpd_client_port_logging = no'", RELOAD),
    ),
  ];
}

function logins(settings: PostfixSettings): Observation[] {
  if (settings.everywhere('smtpd_sasl_auth_enable').includes('yes')) return [];
  return [note('Postfix takes no logins (smtpd_sasl_auth_enable is nowhere yes); its other failures count')];
}

/** Old versions, and Cyrus SASL, do not say which login failed. The lines tell, whatever the version is. */
async function namelessFailures(
  host: Host,
  settings: PostfixSettings,
  { sources, filters }: Situation,
): Promise<Observation[]> {
  let failed = 0;
  let named = 0;
  for (const source of sources) {
    for (const { data } of await recentLines(host, source, howToRead(source, filters))) {
      if (!data.had) continue;
      const lines = data.value.toString('latin1').match(/: SASL \S+ authentication failed[^\n]*/g) ?? [];
      failed += lines.length;
      named += lines.filter((line) => line.includes('sasl_username=')).length;
    }
  }
  if (failed === 0 || named > 0) return [];
  const what = `None of the last ${failed} failed logins in Postfix's log names its login (no sasl_username), so locks of logins do not see them`;
  if (settings.get('smtpd_sasl_type') !== 'dovecot') return [warning(`${what}; newer versions of Postfix name it`)];
  return [
    warning(
      `${what}. Dovecot, which looks at the passwords, can`,
      linesIn('/etc/dovecot/conf.d/99-tailban.conf', ['auth_verbose = yes'], 'systemctl reload dovecot'),
    ),
  ];
}

/** Packets come from the proxy then, so a firewall here cannot tell the clients apart. */
function proxy(settings: PostfixSettings, situation: Situation): Observation[] {
  const { config } = situation;
  const proxied = ['smtpd_upstream_proxy_protocol', 'postscreen_upstream_proxy_protocol'].some((name) =>
    settings.everywhere(name).includes('haproxy'),
  );
  if (!proxied || config.postfix.policy !== null || config.postfix.socketmap !== null) return [];
  return [
    warning(
      'Postfix stands behind a proxy (haproxy protocol): the log shows the clients, but packets come from the proxy, so the firewall of this host stops nobody. Let Postfix ask tailban, or ban at the proxy',
      inConfig(
        situation,
        ['[postfix.policy]', 'listen = "unix:/var/spool/postfix/private/tailban"'],
        'systemctl restart tailban; then see docs/postfix.md for main.cf',
      ),
    ),
  ];
}

function asking(settings: PostfixSettings, { config }: Situation): Observation[] {
  const { policy, socketmap } = config.postfix;
  const found: Observation[] = [];
  if (policy !== null) {
    const place = placeOf(policy, settings);
    if (!settings.written.includes(place)) {
      found.push(
        problem(
          `tailban listens for Postfix's questions, but Postfix does not ask: ${place} stands neither in main.cf nor in master.cf`,
          commands(
            `postconf -e 'tailban = check_policy_service { ${place}, timeout=2s, default_action=DUNNO }'`,
            prepend('smtpd_sender_restrictions', '$tailban', settings),
            RELOAD,
          ),
        ),
      );
    } else if (!settings.written.includes('default_action')) {
      found.push(
        note(
          'While tailban is down Postfix defers all mail (451): its policy service has no default_action',
          commands(
            `postconf -e 'tailban = check_policy_service { ${place}, timeout=2s, default_action=DUNNO }'`,
            RELOAD,
          ),
        ),
      );
    } else found.push(ok(`Postfix asks tailban at ${place}`));
  }
  if (socketmap !== null) {
    const table = `socketmap:${placeOf(socketmap, settings)}:`;
    if (!settings.written.includes(table))
      found.push(
        problem(
          `tailban listens for Postfix's lookups, but Postfix has no table ${table}client or ${table}sasl`,
          commands(prepend('smtpd_client_restrictions', `check_client_access ${table}client`, settings), RELOAD),
        ),
      );
    else found.push(ok(`Postfix looks things up in ${table}…`));
  }
  const refusesAll =
    settings.everywhere('smtpd_delay_reject').includes('no') &&
    settings
      .everywhere('smtpd_client_restrictions')
      .some((list) => /permit_sasl_authenticated.*\breject\s*$/.test(list));
  if (refusesAll)
    found.push(
      warning(
        'smtpd_delay_reject is "no" while smtpd_client_restrictions lets in only who has logged in: nobody can have done so at CONNECT (docs/postfix.md)',
      ),
    );
  return found;
}

/** The command that puts something in front of a list, before what stands there already. */
function prepend(name: string, what: string, settings: PostfixSettings): string {
  const before = new RegExp(`^${name} =[ \\t]*(.*)$`, 'm').exec(settings.written)?.[1] ?? '';
  return `postconf -e ${word(`${name} = ${what}${before === '' ? '' : `, ${before}`}`)}`;
}

/** As Postfix writes it: paths relative to its queue, which is where it runs in a chroot. */
function placeOf(listen: Listen, settings: PostfixSettings): string {
  if (!('path' in listen)) return `inet:${listen.host}:${listen.port}`;
  const queue = `${settings.get('queue_directory') || '/var/spool/postfix'}/`;
  return `unix:${listen.path.startsWith(queue) ? listen.path.slice(queue.length) : listen.path}`;
}
