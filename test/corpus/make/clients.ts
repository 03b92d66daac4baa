/** Who the clients of a corpus are, and who only stands in what they forge. */

export const ALICE = 'alice@example.org';
/** Her password is right, and she may not log in all the same. */
export const CAROL = { name: 'carol@example.org', password: 'rabbithole' } as const;
/** Known to PAM only. */
export const PAM_USER = { name: 'pamela', password: 'croquet' } as const;
/** These never connect. */
export const INNOCENT = '203.0.113.77';
export const INNOCENT6 = '2001:db8:face::1';
export const HELO = 'EHLO client.example.net';
export const FAILED = { expect: { authentication: 1 } } as const;

/** Addresses that no client has had yet. */
export class Addresses {
  #client: number;
  #forger: number;

  constructor(firstClient: number, firstForger: number) {
    this.#client = firstClient;
    this.#forger = firstForger;
  }

  /** In 192.0.2.0/24, of which those up to 30 may have names. */
  readonly client = (): string => `192.0.2.${this.#client++}`;

  /** For who writes text that looks like something else. */
  readonly forger = (): string => `198.51.100.${this.#forger++}`;
}
