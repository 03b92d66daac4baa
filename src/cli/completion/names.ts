/** For which shells there are completions, and the names in them that are looked up when they are asked for. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Banned addresses and networks, banned logins, networks that were allowed by hand, filters. */
export const NAME_KINDS = ['banned', 'logins', 'allowed', 'filters'] as const;
export type NameKind = (typeof NAME_KINDS)[number];
