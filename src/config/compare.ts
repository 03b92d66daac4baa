/** What differs between two configurations: for the admin in words, for the daemon as what it has to build anew. */
import type { Config } from './config.ts';

export interface Difference {
  readonly changes: readonly string[];
  /** Whatever is told of bans. */
  readonly enforcers: boolean;
  /** Whatever asks us. */
  readonly gates: boolean;
  readonly sources: boolean;
}

export function compareConfigs(before: Config, after: Config): Difference {
  const differs = (pick: (config: Config) => unknown): boolean =>
    JSON.stringify(pick(before)) !== JSON.stringify(pick(after));
  const firewall = differs(({ firewall, ipv6Prefix, enabled }) => [firewall, ipv6Prefix, enabled]);
  const sources = differs((config) => config.sources);
  const gates = differs(({ postfix }) => [postfix]);
  const parts: [boolean, string][] = [
    [differs(({ limits, loginLimit, banTime, increment }) => [limits, loginLimit, banTime, increment]), 'limits'],
    [differs(({ logins, aliasFile }) => [logins, [...logins.names.aliases], aliasFile]), 'logins'],
    [differs(({ allowed, networks }) => [allowed, networks]), 'allow-list'],
    [firewall, 'firewall'],
    [sources, 'sources'],
    [gates, 'gates'],
    [differs(({ log }) => log), 'log'],
    [differs(({ requests }) => requests), 'request limits'],
    [
      differs(({ store, api, maxSubjects }) => [store, api, maxSubjects]),
      'store, socket or max-subjects (from the next start on)',
    ],
  ];
  return {
    changes: parts.flatMap(([changed, name]) => (changed ? [name] : [])),
    enforcers: firewall,
    gates,
    sources,
  };
}
