/**
 * Our limits in the language of Postfix (postconf(5); checked with 3.7): it counts AUTH commands of an address by itself,
 * in anvil(8), and nothing else of what we limit.
 */
import { formatRate } from '../core/duration.ts';
import { type Network, networkBase, networkLength } from '../core/ip.ts';
import type { Limit } from '../core/types.ts';
import { type ExportSettings, exempt, FAILURES_ONLY } from './settings.ts';
import { entry, head } from './text.ts';

const SECOND = 1_000;
/** A time of Postfix is an int of seconds. */
const LONGEST = 2_147_483_647;

export function postfixMain(settings: ExportSettings, version: string): string {
  const { authentication, counts } = settings.requests;
  return [
    head({
      what: 'Postfix, for the end of main.cf: how often an address may try to log in.',
      command: 'tailban export postfix',
      version,
      steps: STEPS,
    }),
    ...(authentication === null
      ? [entry('authentication.rate-limit is off: any number of AUTH commands.', ['smtpd_client_auth_rate_limit = 0'])]
      : counts === 'failures'
        ? [entry(FAILURES_ONLY)]
        : limited(settings, authentication)),
  ].join('');
}

const STEPS = [
  ' tailban export postfix --output /etc/postfix/tailban.cf',
  ' cat /etc/postfix/tailban.cf >> /etc/postfix/main.cf     (in place of the same lines of before)',
  ' postfix check && postfix reload',
  'Of two lines for one parameter Postfix takes the last one, and warns.',
];

function limited(settings: ExportSettings, limit: Limit): string[] {
  const { count, seconds } = inSeconds(limit);
  const rounded =
    count === limit.count && seconds * SECOND === limit.period ? '' : ' (Postfix counts in whole seconds)';
  return [
    entry(
      `authentication.rate-limit = ${formatRate(limit)}${rounded}: AUTH commands of one address, whether they fail or not. The next one gets 450. The window of Postfix is a fixed one, which begins with the first attempt.`,
      [`smtpd_client_auth_rate_limit = ${count}`],
    ),
    entry(
      'The period of that limit, and of every other smtpd_client_…_rate_limit, which count in one minute where this is not written.',
      [`anvil_rate_time_unit = ${seconds}s`],
    ),
    entry(
      `server.ipv6-prefix: IPv6 addresses that count together. Postfix 3.8 and later know it; before, each address counts by itself.`,
      [`# smtpd_client_ipv6_prefix_length = ${settings.ipv6Prefix}`],
    ),
    entry('Whom no limit holds for: what Postfix has by default, and what tailban never bans.', [
      'smtpd_client_event_limit_exceptions = $mynetworks',
      ...exempt(settings).flatMap(({ why, networks }) => [`# ${why}`, ...networks.map((each) => `    ${item(each)}`)]),
    ]),
  ];
}

/** Whole seconds, and as many as the rate allows in them. */
function inSeconds({ count, period }: Limit): { readonly count: number; readonly seconds: number } {
  const seconds = Math.min(Math.ceil(period / SECOND), LONGEST);
  return { count: Math.min(Math.ceil((count * seconds * SECOND) / period), LONGEST), seconds };
}

/** IPv6 stands in brackets, for a colon is that of a lookup table. */
function item(network: Network): string {
  const base = networkBase(network);
  return base.includes(':') ? `[${base}]/${networkLength(network)}` : network;
}
