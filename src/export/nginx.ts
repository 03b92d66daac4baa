/**
 * Our limits in the language of nginx: zones and keys for the http{} context, and what a server block is to limit. Two
 * parts, because zones can only be made once, while limits are to hold for the mail host alone and not for other sites.
 */
import { formatDuration, formatRate } from '../core/duration.ts';
import { STREAMS } from '../core/paths.ts';
import type { Limit } from '../core/types.ts';
import { bucketOf } from './leaky-bucket.ts';
import { pathExpression } from './paths.ts';
import { type ExportSettings, exempt, FAILURES_ONLY, loginLimits, shortNetwork } from './settings.ts';
import { comment, entry, head } from './text.ts';

/** One `limit_req_zone`. */
interface Zone {
  readonly name: string;
  readonly key: string;
  readonly setting: string;
  readonly limit: Limit;
  readonly whose: string;
  readonly stateBytes: number;
}

/** What nginx keeps for an address, and for credentials of up to 128 bytes: its slabs are powers of two. */
const ADDRESS_BYTES = 128;
const CREDENTIALS_BYTES = 256;
const PAGE = 4_096;
/** nginx takes no zone of less than 8 pages; it needs some for itself. */
const SPARE_PAGES = 8;
/** nginx counts no further. */
const MOST_AT_ONCE = 65_535;
/** More than this is kept for nobody: a zone is shared memory, all of which has to be there. */
const LARGEST_ZONE = 256 * 1024 * 1024;

export function nginxHttp(settings: ExportSettings, version: string): string {
  const { requests } = settings;
  return [
    head({
      what: 'nginx, the http{} context: who is counted, and in which zone. Limits nothing by itself.',
      command: 'tailban export nginx --part http',
      version,
      steps: STEPS,
    }),
    exemptions(settings),
    networks(settings),
    CREDENTIALS,
    pathMap('$tailban_counted', 'http.paths: requests that count', requests.paths),
    pathMap('$tailban_login', 'http.login-paths: attempts to log in', requests.loginPaths),
    pathMap('$tailban_upload', 'http.upload-paths: uploads', requests.uploadPaths),
    pathMap('$tailban_stream', 'Streams, which stay open, are not counted among what runs', STREAMS),
    KEYS,
    ...off(settings),
    ...zones(settings).map((zone) => zoneLine(zone, requests.cacheSize)),
    ...concurrency(settings).map(({ name, key, setting, most, size }) =>
      entry(`${setting} = ${most}: memory for the credentials of ${requests.cacheSize} accounts.`, [
        `limit_conn_zone ${key} zone=${name}:${size};`,
      ]),
    ),
  ].join('');
}

export function nginxServer(settings: ExportSettings, version: string): string {
  return [
    head({
      what: 'nginx, a server block: what the zones of the http{} context are to limit.',
      command: 'tailban export nginx --part server',
      version,
      steps: STEPS,
    }),
    realIp(settings),
    entry('Who is over a limit gets 429, Too Many Requests (RFC 6585).', [
      'limit_req_status 429;',
      'limit_conn_status 429;',
    ]),
    ...zones(settings).map(limitLine),
    ...concurrency(settings).map(({ name, setting, most, what }) =>
      entry(`${setting}: ${what} of one account at the same time.`, [
        `limit_conn ${name} ${Math.min(most, MOST_AT_ONCE)};`,
      ]),
    ),
  ].join('');
}

const STEPS = [
  ' tailban export nginx --part http   --output /etc/nginx/conf.d/tailban.conf',
  ' tailban export nginx --part server --output /etc/nginx/snippets/tailban.conf',
  ' in the server block of the mail host:  include snippets/tailban.conf;',
  ' nginx -t && systemctl reload nginx',
  'To watch before anybody is refused, add "limit_req_dry_run on; limit_conn_dry_run on;" there: the error log then tells who would have been.',
  'A location with limit_req or limit_conn lines of its own does not inherit these; include the snippet there too.',
];

function exemptions(settings: ExportSettings): string {
  const lines = exempt(settings).flatMap(({ why, networks: some }) => [
    `    # ${why}`,
    ...some.map((network) => `    ${shortNetwork(network)} exempt;`),
  ]);
  return entry('Whom no limit holds for.', ['geo $tailban_exempt {', ...lines, '}']);
}

/** IPv4-mapped addresses come where one socket takes both families; together they would be one single prefix. */
function networks({ ipv6Prefix }: ExportSettings): string {
  const bytes = Math.ceil(ipv6Prefix / 8);
  const rounded = bytes * 8 === ipv6Prefix ? '' : ` nginx can only cut whole bytes, so it takes ${bytes * 8} bits.`;
  const prefix = `    "~(?s)^(?<tailban_prefix>.{${bytes}}).{${16 - bytes}}\\z" $tailban_prefix;`;
  return entry(
    `Addresses count by themselves, IPv6 by prefix: server.ipv6-prefix = ${ipv6Prefix}.${rounded} (In binary form; IPv4 inside IPv6 is IPv4.)`,
    [
      'map $binary_remote_addr $tailban_network {',
      '    default $binary_remote_addr;',
      '    "~(?s)^\\x00{10}\\xff\\xff(?<tailban_ipv4>.{4})\\z" $tailban_ipv4;',
      ...(bytes === 16 ? [] : [prefix]),
      '}',
    ],
  );
}

const CREDENTIALS = entry(
  'An account is known by its credentials, the last 128 characters of them. Nobody has verified them here, so by user name strangers could use up the limits of others. Whoever invents credentials is an account each time: the server refuses those, and tailban counts that as failed logins. Keys stay in memory, nginx logs none of them.',
  [
    'map $http_authorization $tailban_credentials {',
    '    default "";',
    '    "~^\\S++ ++(?<tailban_short>.{1,128})\\z" $tailban_short;',
    '    "~^\\S++ .*(?<tailban_tail>.{128})\\z" $tailban_tail;',
    '}',
  ],
);

const KEYS = `${entry('What is counted, and for whom; whoever has an empty key is not.')}${[
  keyMap('attempts to log in, by address', '$tailban_by_login', '$tailban_login', [['"11"', '$tailban_network']]),
  keyMap('requests without credentials, by address', '$tailban_by_anonymous', '$tailban_login$tailban_credentials', [
    ['"10"', '$tailban_network'],
  ]),
  keyMap('other requests with credentials, by account', '$tailban_by_account', '$tailban_login$tailban_credentials', [
    ['"~(?s)^10."', '$tailban_credentials'],
  ]),
  keyMap(
    'requests that run, uploads apart, by account',
    '$tailban_by_request',
    '$tailban_upload$tailban_stream$tailban_credentials',
    [['"~(?s)^100."', '$tailban_credentials']],
  ),
  keyMap('uploads that run, by account', '$tailban_by_upload', '$tailban_upload$tailban_credentials', [
    ['"~(?s)^11."', '$tailban_credentials'],
  ]),
].join('')}`;

function keyMap(what: string, name: string, of: string, entries: readonly (readonly [string, string])[]): string {
  const lines = entries.map(([key, value]) => `    ${key} ${value};\n`);
  return `${comment(what)}map "$tailban_exempt$tailban_counted${of}" ${name} {\n    default "";\n${lines.join('')}}\n`;
}

/** `$uri` is decoded and normalised, so that no spelling of a path gets around a limit. */
function pathMap(name: string, what: string, patterns: readonly string[]): string {
  return entry(patterns.length === 0 ? `${what}; there are none.` : `${what}.`, [
    `map $uri ${name} {`,
    '    default 0;',
    ...patterns.map((pattern) => `    "~${pathExpression(pattern)}" 1;`),
    '}',
  ]);
}

function zones({ requests }: ExportSettings): Zone[] {
  const { anonymous, account } = requests;
  const logins = loginLimits(requests).map(
    ({ setting, limit }, index): Zone => ({
      name: index === 0 ? 'tailban_login' : 'tailban_jmap_login',
      key: '$tailban_by_login',
      setting,
      limit,
      whose: 'attempts of one address to log in',
      stateBytes: ADDRESS_BYTES,
    }),
  );
  const others: (Zone | null)[] = [
    anonymous && {
      name: 'tailban_anonymous',
      key: '$tailban_by_anonymous',
      setting: 'jmap.rate-limit.anonymous',
      limit: anonymous,
      whose: 'requests of one address without credentials',
      stateBytes: ADDRESS_BYTES,
    },
    account && {
      name: 'tailban_account',
      key: '$tailban_by_account',
      setting: 'jmap.rate-limit.account',
      limit: account,
      whose: 'requests of one account',
      stateBytes: CREDENTIALS_BYTES,
    },
  ];
  return [...logins, ...others.filter((zone) => zone !== null)];
}

function off({ requests }: ExportSettings): string[] {
  return requests.counts === 'attempts' ? [] : [entry(FAILURES_ONLY)];
}

function zoneLine({ name, key, setting, limit, stateBytes }: Zone, cacheSize: number): string {
  const { rate, difference } = bucketOf(limit);
  return entry(`${setting} = ${formatRate(limit)}.${difference === '' ? '' : ` ${difference}`}`, [
    `limit_req_zone ${key} zone=${name}:${zoneSize(cacheSize, stateBytes)} rate=${rate};`,
  ]);
}

function limitLine({ name, setting, limit, whose }: Zone): string {
  const { burst } = bucketOf(limit);
  return entry(
    `${setting} = ${formatRate(limit)}, ${whose}. After a rest ${limit.count} pass at once, then as many as the rate of the zone makes room for; so the first ${formatDuration(limit.period)} may see twice as many.`,
    [`limit_req zone=${name}${burst === null ? '' : ` burst=${burst}`} nodelay;`],
  );
}

function concurrency({ requests }: ExportSettings) {
  const size = zoneSize(requests.cacheSize, CREDENTIALS_BYTES);
  return [
    {
      name: 'tailban_requests',
      key: '$tailban_by_request',
      setting: 'jmap.protocol.request.max-concurrent',
      most: requests.concurrentRequests,
      what: 'requests',
      size,
    },
    {
      name: 'tailban_uploads',
      key: '$tailban_by_upload',
      setting: 'jmap.protocol.upload.max-concurrent',
      most: requests.concurrentUploads,
      what: 'uploads',
      size,
    },
  ];
}

/** In kilobytes, for so many states of a size that divides a page. */
function zoneSize(states: number, stateBytes: number): string {
  const pages = Math.ceil((states * stateBytes) / PAGE) + SPARE_PAGES;
  return `${Math.min(Math.ceil(pages * 1.02) * PAGE, LARGEST_ZONE) / 1024}k`;
}

function realIp({ requests }: ExportSettings): string {
  const { useForwarded, forwardedHeader, trustedProxies } = requests;
  if (!useForwarded)
    return entry('jmap.rate-limit.use-forwarded is off: the client is whoever the connection comes from.');
  if (trustedProxies.length === 0)
    return entry('server.trusted-proxies is empty: nobody is believed when he names another client.');
  if (forwardedHeader === 'forwarded')
    return entry(
      'The proxies write Forwarded (RFC 7239), which nginx does not read: requests that come through them are not limited here. Let them write X-Forwarded-For.',
    );
  return [
    entry(
      'server.trusted-proxies: whoever asks through them is known by X-Forwarded-For, the last address there that is none of theirs.',
      trustedProxies.map((network) => `set_real_ip_from ${shortNetwork(network)};`),
    ),
    'real_ip_header X-Forwarded-For;\nreal_ip_recursive on;\n',
  ].join('');
}
