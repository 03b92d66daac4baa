/**
 * Our limits in the language of HAProxy (checked with 2.6): a table for each, as a backend of its own, and the rules of a
 * frontend. What is refused is not counted, so that whoever waits gets in.
 */
import { formatRate } from '../core/duration.ts';
import { STREAMS } from '../core/paths.ts';
import type { Limit, Millis } from '../core/types.ts';
import { clientRules } from './haproxy-client.ts';
import { acl, lines } from './haproxy-text.ts';
import { rawPathExpression } from './paths.ts';
import { type ExportSettings, exempt, FAILURES_ONLY, loginLimits, type NamedLimit, shortNetwork } from './settings.ts';
import { entry, head } from './text.ts';

/** A time of HAProxy is an int of milliseconds. */
const LONGEST: Millis = 2_147_483_647;

/** What counts together, and its table. */
interface Rate {
  readonly name: 'login' | 'anonymous' | 'account';
  readonly key: keyof typeof TYPES;
  /** At most two, for a table has two counters: gpc0 and gpc1. */
  readonly limits: readonly NamedLimit[];
}

/** Accounts are known by the SHA-256 of their credentials. */
const TYPES = { network: 'type ipv6', account: 'type binary len 32' } as const;

export function haproxyTables(settings: ExportSettings, version: string): string {
  const { cacheSize, concurrentRequests, concurrentUploads } = settings.requests;
  const table = (name: string, setting: string, key: keyof typeof TYPES, rest: string): string =>
    `${entry(`${setting}, for as many as jmap.rate-limit.cache.size = ${cacheSize}.`)}backend ${name}\n    stick-table ${TYPES[key]} size ${cacheSize} ${rest}\n`;
  return [
    head({
      what: 'HAProxy, outside of all sections: the tables. Limits nothing by itself.',
      command: 'tailban export haproxy --part tables',
      version,
      steps: STEPS,
    }),
    ...rates(settings).map(({ name, key, limits }) => {
      const periods = limits.map(({ limit }) => fitted(limit).period);
      const stored = periods.map((period, index) => `gpc${index}_rate(${period}ms)`);
      return table(
        `tailban_${name}`,
        limits.map(({ setting, limit }) => `${setting} = ${formatRate(limit)}`).join(', '),
        key,
        `expire ${Math.max(...periods)}ms store ${stored.join(',')}`,
      );
    }),
    table(
      'tailban_requests',
      `jmap.protocol.request.max-concurrent = ${concurrentRequests}`,
      'account',
      'expire 1m store conn_cur',
    ),
    table(
      'tailban_uploads',
      `jmap.protocol.upload.max-concurrent = ${concurrentUploads}`,
      'account',
      'expire 1m store conn_cur',
    ),
  ].join('');
}

export function haproxyFrontend(settings: ExportSettings, version: string): string {
  const { requests } = settings;
  const { paths, loginPaths, uploadPaths, counts } = requests;
  const all = rates(settings);
  return [
    head({
      what: 'HAProxy, for the frontend of the mail host. Uses the stick counters 1 and 2; 0 is left to you.',
      command: 'tailban export haproxy --part frontend',
      version,
      steps: STEPS,
    }),
    clientRules(settings),
    ...exempt(settings).map(({ why, networks }) =>
      lines(
        `Whom no limit holds for: ${why}.`,
        acl('tailban_exempt', 'var(txn.tailban_address) -m ip', networks.map(shortNetwork)),
      ),
    ),
    pathAcl('tailban_counted', 'http.paths: requests that count', paths),
    pathAcl('tailban_login', 'http.login-paths: attempts to log in', loginPaths),
    pathAcl('tailban_upload', 'http.upload-paths: uploads', uploadPaths),
    lines('Streams, which stay open, are not counted among what runs.', [
      `acl tailban_stream path -m str ${STREAMS.join(' ')}`,
    ]),
    CREDENTIALS,
    KINDS,
    ...(counts === 'failures' ? [lines(FAILURES_ONLY, [])] : []),
    ...all.flatMap(refusals),
    concurrency('request', requests.concurrentRequests),
    concurrency('upload', requests.concurrentUploads),
    ...all.map(count),
  ].join('');
}

const STEPS = [
  ' tailban export haproxy --part tables >> /etc/haproxy/haproxy.cfg    (once, in place of those of before)',
  ' tailban export haproxy --part frontend      to be put into the frontend, before its other rules',
  ' haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy',
];

const CREDENTIALS = lines(
  'An account is known by its credentials, hashed. Nobody has verified them here, so by user name strangers could use up the limits of others. Whoever invents credentials is an account each time: the server refuses those, and tailban counts that as failed logins.',
  [
    "acl tailban_has_credentials req.fhdr(authorization) -m reg '^[^ ]+ +.'",
    'http-request set-var(txn.tailban_account) \'req.fhdr(authorization),regsub("^[^ ]+ +",""),sha2(256)\' if tailban_has_credentials',
  ],
);

const KINDS = lines('What a request counts as, and as what it runs.', [
  'http-request set-var(txn.tailban_rate) str(login) if tailban_counted !tailban_exempt tailban_login',
  'http-request set-var(txn.tailban_rate) str(anonymous) if tailban_counted !tailban_exempt !tailban_login !tailban_has_credentials',
  'http-request set-var(txn.tailban_rate) str(account) if tailban_counted !tailban_exempt !tailban_login tailban_has_credentials',
  'http-request set-var(txn.tailban_runs) str(upload) if tailban_counted !tailban_exempt tailban_has_credentials tailban_upload',
  'http-request set-var(txn.tailban_runs) str(request) if tailban_counted !tailban_exempt tailban_has_credentials !tailban_upload !tailban_stream',
]);

/** Whatever a client writes instead of a plain path, the server behind may read as one. */
function pathAcl(name: string, what: string, patterns: readonly string[]): string {
  if (patterns.length === 0) return lines(`${what}; there are none.`, [`acl ${name} always_false`]);
  return lines(
    `${what}.`,
    patterns.map((pattern) => `acl ${name} path,url_dec -m reg '${rawPathExpression(pattern)}'`),
  );
}

function rates({ requests }: ExportSettings): Rate[] {
  const { anonymous, account } = requests;
  const named = (setting: string, limit: Limit | null): NamedLimit[] => (limit === null ? [] : [{ setting, limit }]);
  const all: Rate[] = [
    { name: 'login', key: 'network', limits: loginLimits(requests) },
    { name: 'anonymous', key: 'network', limits: named('jmap.rate-limit.anonymous', anonymous) },
    { name: 'account', key: 'account', limits: named('jmap.rate-limit.account', account) },
  ];
  return all.filter(({ limits }) => limits.length > 0);
}

/** After the whole period there is room in any case. */
function refusals({ name, key, limits }: Rate): string[] {
  return limits.map(({ setting, limit }, index) => {
    const { count, period } = fitted(limit);
    const scaled = period === limit.period ? '' : ` HAProxy counts in 24 days at most, ${count} in those.`;
    const isOver = `{ var(txn.tailban_${key}),table_gpc${index}_rate(tailban_${name}) ge ${count} }`;
    const wait = Math.ceil(period / 1_000);
    return lines(
      `${setting} = ${formatRate(limit)}.${scaled} HAProxy takes what was in the period before for evenly spread.`,
      [
        `http-request deny deny_status 429 hdr Retry-After ${wait} if { var(txn.tailban_rate) -m str ${name} } ${isOver}`,
      ],
    );
  });
}

function concurrency(what: 'request' | 'upload', most: number): string {
  const runs = `{ var(txn.tailban_runs) -m str ${what} }`;
  return lines(`jmap.protocol.${what}.max-concurrent = ${most}, of one account.`, [
    `http-request track-sc1 var(txn.tailban_account) table tailban_${what}s if ${runs}`,
    `http-request deny deny_status 429 hdr Retry-After 1 if ${runs} { sc_conn_cur(1) gt ${most} }`,
  ]);
}

function count({ name, key, limits }: Rate): string {
  const isSuch = `{ var(txn.tailban_rate) -m str ${name} }`;
  return lines(`What is served counts: ${limits.map(({ setting }) => setting).join(', ')}.`, [
    `http-request track-sc2 var(txn.tailban_${key}) table tailban_${name} if ${isSuch}`,
    ...limits.map((_, index) => `http-request sc-inc-gpc${index}(2) if ${isSuch}`),
  ]);
}

/** A limit in a period that HAProxy takes; as many as the rate allows in it. */
function fitted({ count, period }: Limit): Limit {
  return period <= LONGEST ? { count, period } : { count: Math.ceil((count * LONGEST) / period), period: LONGEST };
}
