/**
 * All settings there are: how each is written, its default and its sentence. The field names are those of the mail
 * servers and PBXs whose admins know them; `docs/configuration.md` and `tailban config` are generated from here.
 */
import { command } from './command-schema.ts';
import { exim } from './deny-file-schema.ts';
import { dovecot } from './dovecot-schema.ts';
import { firewall } from './firewall-schema.ts';
import { banTime, choice, duration, durationOrOff, flag, path, secret, whole, zone } from './forms.ts';
import { increment, limit } from './limit-forms.ts';
import { filterNames, globs, networks, units } from './list-forms.ts';
import { endpoint } from './listen-forms.ts';
import { log } from './log-schema.ts';
import { domain } from './login-forms.ts';
import { metrics } from './metrics-schema.ts';
import { notify } from './notify-schema.ts';
import { postfix } from './postfix-schema.ts';
import { authentication, http, jmap } from './requests-schema.ts';
import { named, optional, type Report, setting, table, type ValueOf } from './setting.ts';
import { stalwart } from './stalwart-schema.ts';
import type { TomlTable } from './toml.ts';

export type Settings = ValueOf<typeof SETTINGS>;

/** The presets of PBX documents, from lenient to strict: attempts, within, block for. */
export const PRESETS = {
  weak: { attempts: 20, within: '10m', blockFor: '10m' },
  normal: { attempts: 10, within: '1h', blockFor: '1d' },
  enhanced: { attempts: 5, within: '6h', blockFor: '7d' },
  paranoid: { attempts: 3, within: '24h', blockFor: '30d' },
} as const;
export type Preset = keyof typeof PRESETS;

const presetNames = Object.keys(PRESETS) as Preset[];
const presetText = presetNames
  .map((name) => `${name} ${PRESETS[name].attempts}/${PRESETS[name].within}/${PRESETS[name].blockFor}`)
  .join(', ');

/** sun_path of unix(7) takes 108 bytes with the final NUL. */
const SOCKET_PATH_BYTES = 107;

const fail2ban = table('Who is banned, and for how long. A limit counts over all services together.', {
  enabled: setting(flag(), true, { meaning: 'Whether anything is banned at all', fail2ban: 'enabled' }),
  preset: optional(choice(presetNames), {
    meaning: `Attempts, window and ban time for authentication in one word, where authentication is not written: ${presetText}`,
    example: 'normal',
  }),
  authentication: setting(limit(), '100/1d', {
    meaning: 'Failed logins of one address that lead to its ban; the Nth inside any period bans',
    fail2ban: 'maxretry, findtime',
  }),
  login: optional(limit(), {
    meaning: 'Failed logins of one login name, from whatever addresses; as authentication, where it is not written',
    example: '50/1d',
  }),
  'invalid-rcpt': setting(limit(), '35/1d', { meaning: 'Recipients that do not exist, or relay attempts' }),
  loitering: setting(limit(), '150/1d', { meaning: 'Connections that stay idle or end without a command' }),
  scan: setting(limit(), '30/1d', {
    meaning: 'Probes: commands of other protocols, abuse of pipelining, HTTP requests',
  }),
  escalate: optional(limit(), {
    meaning: 'Refusals for being over a rate that lead to a ban; without it, they lead to none',
    example: '10/1h',
  }),
  'ban-time': setting(banTime(), '1h', {
    meaning: 'How long the first ban lasts, where a limit has no block-for of its own',
    fail2ban: 'bantime',
  }),
  increment: setting(
    increment(),
    { factor: 2, max: '30d', 'forget-after': '30d' },
    {
      meaning: 'Each further ban within forget-after is factor times as long as the last, up to max',
      fail2ban: 'bantime.increment, bantime.factor, bantime.maxtime',
    },
  ),
});

const network = table(
  'A network with a name, shown beside its addresses.',
  {
    address: optional(networks(), { meaning: 'Its addresses and CIDR networks', example: '192.0.2.0/24' }),
    'never-block': setting(flag(), false, {
      meaning: 'Whether its addresses are never banned, as if they stood in server.allowed-ip',
      fail2ban: 'ignoreip',
    }),
  },
  (raw, report) => {
    if (!Object.hasOwn(raw, 'address'))
      report({ message: 'address is missing', hint: 'Write address = "192.0.2.0/24"' });
  },
);

const server = table('What holds for the whole host.', {
  'allowed-ip': setting(networks(), [], {
    meaning: "Never banned; loopback, this host's own addresses and its gateways are always allowed too",
    fail2ban: 'ignoreip',
  }),
  'trusted-proxies': setting(networks(), [], {
    meaning: 'Proxies in front of this host; never banned, and believed where jmap.rate-limit.use-forwarded is on',
  }),
  'ipv6-prefix': setting(whole(32, 128), 64, {
    meaning: 'IPv6 addresses that share this many bits count together and are banned together',
  }),
  'max-subjects': setting(whole(100, 50_000_000), 1_000_000, {
    meaning: 'How many addresses, prefixes and logins are remembered; beyond it the one seen longest ago is forgotten',
  }),
  fail2ban,
  network: named(network),
});

const source = table(
  'A log to read, any number of them, under any names. Without any, the mail logs and the journal are found by themselves.',
  {
    files: optional(globs(), {
      meaning: 'Log files to follow; files that appear later are picked up while running',
      fail2ban: 'logpath',
      example: ['/var/log/mail.log'],
    }),
    journal: setting(flag(), false, {
      meaning:
        'Whether to read the systemd journal: what the units of the filters log, and whatever logs as mail or authpriv',
      fail2ban: 'backend = systemd',
    }),
    units: optional(units(), {
      meaning:
        'Read the journal: what these units log, and whatever logs as mail or authpriv; a name without a type is a service',
      fail2ban: 'journalmatch',
      example: ['postfix@-.service', 'dovecot.service'],
    }),
    webhook: optional(endpoint(), {
      meaning: "Where to take the events of Stalwart's webhook over HTTP, which come whatever its log level is",
      example: '127.0.0.1:8081',
    }),
    key: optional(secret(), { meaning: 'The signature key of the webhook, as Stalwart has it', example: '…' }),
    filter: optional(filterNames(), {
      meaning: 'The filters to try on its lines; all, where it is not written',
      fail2ban: 'filter',
      example: ['postfix', 'dovecot'],
    }),
    timezone: optional(zone(), {
      meaning: "The time zone of stamps that carry none; this host's own, where it is not written",
      fail2ban: 'logtimezone',
      example: 'Europe/Berlin',
    }),
  },
  readsOneThing,
);

const login = table('Which logins are the same, and who is known to own one.', {
  'default-domain': optional(domain(), {
    meaning: 'Added to logins without a domain, so that alice and alice@example.org count as one',
    example: 'example.org',
  }),
  'tag-delimiter': setting(choice(['+', '-', '=', 'off']), '+', {
    meaning: 'Where the tag of a login begins: alice+shop@example.org counts as alice@example.org',
  }),
  aliases: optional(path(), {
    meaning: 'A file with further names of logins, on each line an alias and its login',
    example: '/etc/tailban/aliases',
  }),
  distinct: setting(flag(), true, {
    meaning:
      'Whether the same wrong password, tried again on the same login, counts once in the window, where the log tells passwords apart',
  }),
  'known-good': setting(durationOrOff(), '30d', {
    meaning: 'For how long a network from which a login worked is let through while that login is locked',
  }),
  'known-good-ipv4': setting(whole(8, 32), 24, {
    meaning: 'IPv4 addresses that share this many bits are one network in this',
  }),
  'known-good-ipv6': setting(whole(16, 128), 56, { meaning: 'The same for IPv6' }),
  'known-good-max': setting(whole(1_000, 50_000_000), 1_000_000, {
    meaning: 'How many pairs of login and network are remembered; beyond it the one used longest ago is forgotten',
  }),
  'ban-attackers': setting(flag(), false, {
    meaning: 'Whether an address that fails on a locked login, from where it never worked, is banned at once',
  }),
});

/** The root of all settings. */
export const SETTINGS = table('The whole file.', {
  server,
  login,
  source: named(source),
  firewall,
  dovecot,
  exim,
  postfix,
  stalwart,
  command: named(command),
  authentication,
  jmap,
  http,
  store: table('What outlives a restart.', {
    path: setting(path(), '/var/lib/tailban/tailban.db', { meaning: 'The SQLite database', fail2ban: 'dbfile' }),
    history: setting(duration(), '90d', { meaning: 'How long past bans are kept', fail2ban: 'dbpurgeage' }),
  }),
  api: table('Where the commands reach the daemon.', {
    socket: setting(path(SOCKET_PATH_BYTES), '/run/tailban/tailban.sock', {
      meaning: 'The unix socket',
      fail2ban: 'socket',
    }),
  }),
  log,
  metrics,
  notify: named(notify),
});

/** A source reads files, the journal or a webhook, one of the three. */
function readsOneThing(raw: TomlTable, report: Report): void {
  const has = (key: string): boolean => Object.hasOwn(raw, key);
  const hasJournal = has('units') || (has('journal') && raw['journal'] !== false);
  if (has('units') && raw['journal'] === false)
    report({
      path: ['journal'],
      against: 'units',
      message: 'units are of the journal, which is switched off here',
      hint: 'Leave journal out',
    });
  const journalKey = has('units') ? 'units' : 'journal';
  const [first, second] = [
    ...(has('files') ? ['files'] : []),
    ...(hasJournal ? [journalKey] : []),
    ...(has('webhook') ? ['webhook'] : []),
  ];
  if (first !== undefined && second !== undefined)
    report({
      path: [second],
      against: first,
      on: 'key',
      message: 'a source reads files, the journal or a webhook, only one of them',
      hint: 'Make two sources of it, such as [source.mail] and [source.journal]',
    });
  if (!has('files') && !hasJournal && !has('webhook'))
    report({
      on: 'key',
      message: 'this source reads nothing',
      hint: 'Write files = ["/var/log/mail.log"], units = ["dovecot.service"] or journal = true',
    });
  if (has('webhook') !== has('key'))
    report({
      path: [has('key') ? 'key' : 'webhook'],
      on: 'key',
      message: has('key')
        ? 'a key is of a webhook, and there is none here'
        : 'a webhook needs a key, or anybody could send events',
      hint: has('key') ? 'Leave key out' : 'Write key = "…", the signature key that Stalwart has',
    });
}
