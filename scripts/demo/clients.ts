/** Who connects to the mail server of the demonstration, and what they are up to. */
import { CLIENT4, CLIENT6 } from '../../test/support/netns.ts';

export interface Client {
  readonly address: string;
  /** What a ban of it is called: the address, or the prefix that IPv6 addresses are banned by. */
  readonly subject: string;
  readonly about: string;
  readonly attacks: boolean;
}

/** Guesses passwords at Postfix, one login after another. */
export const GUESSER = {
  address: CLIENT4[0],
  subject: CLIENT4[0],
  about: 'guesses passwords',
  attacks: true,
} satisfies Client;

/** Sends logins that are made to look like log lines about the honest user. */
export const FORGER = {
  address: CLIENT4[1],
  subject: CLIENT4[1],
  about: 'forges an address in its login',
  attacks: true,
} satisfies Client;

/** One attacker with two addresses of one /64, and one login in mind. */
export const HOPPER = {
  address: CLIENT6[0],
  other: CLIENT6[1],
  subject: '2001:db8:1::/64',
  about: 'changes its IPv6 address within a /64',
  attacks: true,
} satisfies Client & { other: string };

/** Mistypes the password once; the address that the forger names. */
export const USER = {
  address: CLIENT4[2],
  subject: CLIENT4[2],
  about: 'an honest user who mistyped once',
  attacks: false,
} satisfies Client;

export const NEIGHBOUR = {
  address: CLIENT6[2],
  subject: '2001:db8:2::/64',
  about: 'an honest user with IPv6',
  attacks: false,
} satisfies Client;

export const CLIENTS: readonly Client[] = [GUESSER, FORGER, HOPPER, USER, NEIGHBOUR];
export const ATTACKERS: readonly Client[] = CLIENTS.filter(({ attacks }) => attacks);

/** The login that the hopper is after: as many failures as an address may have, so it is banned too. */
export const WANTED_LOGIN = 'sales@example.org';
