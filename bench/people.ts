/**
 * Who appears in a generated log: users with their devices, servers that deliver mail, and attackers. Pools of a size
 * that a host of some hundred mailboxes meets in a day; attackers are skewed, a few of them do most of it.
 */
import type { Random } from './random.ts';

export interface Client {
  readonly ip: string;
  /** Its name by reverse DNS, or `unknown`, as Postfix writes it before the bracket. */
  readonly host: string;
}

export interface User {
  readonly login: string;
  readonly client: Client;
}

export interface People {
  readonly users: readonly User[];
  readonly servers: readonly Client[];
  /** The logins that attackers try: names of the trade, and some that exist. */
  readonly guesses: readonly string[];
  attacker(): Client;
}

const USERS = 400;
const SERVERS = 1_500;
const ATTACKERS = 4_000;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const SYLLABLES = [
  'an',
  'be',
  'do',
  'el',
  'fa',
  'ga',
  'ha',
  'ir',
  'ka',
  'lo',
  'mi',
  'na',
  'or',
  'pe',
  'ra',
  'su',
  'to',
];
const TRADE = ['admin', 'administrator', 'backup', 'billing', 'contact', 'info', 'mail', 'noreply', 'office', 'oracle'];
const MORE_TRADE = [
  'postgres',
  'postmaster',
  'root',
  'sales',
  'scan',
  'scanner',
  'spam',
  'support',
  'test',
  'webmaster',
];

export function makePeople(random: Random): People {
  const users = Array.from({ length: USERS }, (): User => {
    const login = `${name(random)}${random.chance(0.3) ? `.${name(random)}` : ''}@example.org`;
    const ip = random.chance(0.2)
      ? `2001:db8:77:${hex(random)}::${hex(random)}`
      : `203.0.113.${100 + random.below(150)}`;
    return { login, client: { ip, host: random.chance(0.6) ? `dsl-${name(random)}.example.net` : 'unknown' } };
  });
  const servers = Array.from({ length: SERVERS }, (): Client => {
    const host = `mail${random.below(40)}.${name(random)}.example.${random.pick(['com', 'net'])}`;
    return { ip: `198.51.100.${random.below(256)}`, host };
  });
  const attackers = Array.from(
    { length: ATTACKERS },
    (): Client => ({ ip: hostile(random), host: hostileName(random) }),
  );
  const trade = [...TRADE, ...MORE_TRADE];
  const guesses = [
    ...trade,
    ...trade.map((word) => `${word}@example.org`),
    ...Array.from({ length: 800 }, () => `${name(random)}@example.org`),
    ...users.slice(0, 60).map(({ login }) => login),
  ];
  return {
    users,
    servers,
    guesses,
    attacker: () => attackers[Math.floor(ATTACKERS * random.next() ** 3)] ?? random.pick(attackers),
  };
}

/** The network for benchmarks of RFC 2544, and the documentation's of RFC 3849. */
function hostile(random: Random): string {
  if (random.chance(0.08)) return `2001:db8:${hex(random)}:${hex(random)}::${hex(random)}`;
  return `198.${18 + random.below(2)}.${random.below(256)}.${random.below(256)}`;
}

function hostileName(random: Random): string {
  return random.chance(0.6) ? 'unknown' : `${random.word(8, LETTERS)}.dyn.${name(random)}.example`;
}

function name(random: Random): string {
  let text = '';
  for (let syllables = 2 + random.below(3); syllables > 0; syllables--) text += random.pick(SYLLABLES);
  return text;
}

/** A group of an IPv6 address, as it is written: without a leading zero. */
function hex(random: Random): string {
  return (1 + random.below(0xffff)).toString(16);
}
