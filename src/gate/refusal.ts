/** How Postfix is told to refuse somebody: an action of access(5). */

export interface Refusal {
  readonly action: 'reject' | 'defer' | 'hang-up';
  /** What the client is told. */
  readonly text: string;
}

/** `421` makes Postfix end the connection, whichever restriction it comes from. */
const ACTIONS = { reject: 'REJECT', defer: 'DEFER', 'hang-up': '421 4.7.0' } as const;

export function refusalAction({ action, text }: Refusal): string {
  return `${ACTIONS[action]} ${text}`;
}
