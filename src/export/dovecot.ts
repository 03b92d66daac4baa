/**
 * Our limits in the language of Dovecot; the same lines hold for 2.3 and 2.4 (checked with 2.3.19 and 2.4.1). Dovecot
 * counts connections of a user by itself, but no attempts to log in.
 */
import { formatRate } from '../core/duration.ts';
import { type ExportSettings, shortNetwork } from './settings.ts';
import { entry, head } from './text.ts';

/** Dovecot's own; less would be a step back. */
const LEAST_DELAY = 2;
/** Postfix waits 10 s for Dovecot in all, and Dovecot has a penalty of its own that comes on top. */
const LONGEST_DELAY = 5;

export function dovecot(settings: ExportSettings, version: string): string {
  const { concurrentRequests } = settings.requests;
  return [
    head({
      what: 'Dovecot 2.3 and 2.4: how much a user may do at the same time.',
      command: 'tailban export dovecot',
      version,
      steps: STEPS,
    }),
    entry(
      `jmap.protocol.request.max-concurrent = ${concurrentRequests}: connections of one user from one address, for each protocol. Mail programs open several: Thunderbird up to 5, others more, and 10 is Dovecot's own default. Raise the setting, or leave this line out, where mail programs complain of too many connections. A value within protocol imap { … } goes before this one.`,
      [`mail_max_userip_connections = ${concurrentRequests}`],
    ),
    delay(settings),
    proxies(settings),
  ].join('');
}

const STEPS = [
  ' tailban export dovecot --output /etc/dovecot/conf.d/99-tailban.conf',
  ' doveconf -n > /dev/null && doveadm reload',
];

function delay({ requests: { authentication } }: ExportSettings): string {
  if (authentication === null) return entry('authentication.rate-limit is off: the delay of failures is left alone.');
  const wanted = Math.ceil(authentication.period / authentication.count / 1_000);
  const seconds = Math.min(Math.max(wanted, LEAST_DELAY), LONGEST_DELAY);
  return entry(
    `authentication.rate-limit = ${formatRate(authentication)}: Dovecot cannot count attempts. It can delay the answer to a failure, at most so long that Postfix does not give up; whoever opens many connections is not stopped by that. Exact is the auth policy server: see docs/dovecot-auth-policy.md.`,
    [`auth_failure_delay = ${seconds} secs`],
  );
}

/** Behind `#`, for trust is the admin's to give: the proxies of a web server need not be those of a mail server. */
function proxies({ requests: { trustedProxies } }: ExportSettings): string {
  if (trustedProxies.length === 0)
    return entry('server.trusted-proxies is empty: nobody is believed when he names another client.');
  const networks = trustedProxies.map(shortNetwork).join(' ');
  return [
    entry(
      'server.trusted-proxies, only where these pass on IMAP, POP3 or ManageSieve too: take the # of one line away. With the PROXY protocol (listeners with "haproxy = yes"):',
      [`# haproxy_trusted_networks = ${networks}`],
    ),
    entry(
      'With ID, XCLIENT or the like, as Dovecot proxies, nginx and webmail do. It lets them log in without TLS too.',
      [`# login_trusted_networks = ${networks}`],
    ),
  ].join('');
}
