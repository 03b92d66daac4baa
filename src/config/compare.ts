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
  const others = differs(({ stalwart, dovecot, exim, http, commands, logins }) => [
    [stalwart, dovecot.denyFile, exim, http.denyFile, commands],
    // What stands in the files depends on how logins are named and from where their owners come.
    (dovecot.denyFile.path ?? exim.denyFile.logins) ? [logins.names, [...logins.names.aliases], logins.knownGood] : [],
  ]);
  const gates = differs(({ enabled, postfix, dovecot, http, requests }) => [
    [enabled, postfix, dovecot.authPolicy, http.gate],
    [requests.useForwarded, requests.forwardedHeader, requests.trustedProxies],
  ]);
  const parts: [boolean, string][] = [
    [differs(({ limits, loginLimit, banTime, increment }) => [limits, loginLimit, banTime, increment]), 'limits'],
    [differs(({ logins, aliasFile }) => [logins, [...logins.names.aliases], aliasFile]), 'logins'],
    [differs(({ allowed, networks }) => [allowed, networks]), 'allow-list'],
    [firewall, 'firewall'],
    [others, 'enforcers'],
    [sources, 'sources'],
    [gates, 'gates'],
    [differs(({ log }) => log), 'log'],
    [differs(({ metrics }) => metrics), 'metrics'],
    [differs(({ notify }) => notify), 'notifications'],
    [differs(({ requests }) => requests), 'request limits'],
    [
      differs(({ store, api, maxSubjects }) => [store, api, maxSubjects]),
      'store, socket or max-subjects (from the next start on)',
    ],
  ];
  return {
    changes: parts.flatMap(([changed, name]) => (changed ? [name] : [])),
    enforcers: firewall || others,
    gates,
    sources,
  };
}
