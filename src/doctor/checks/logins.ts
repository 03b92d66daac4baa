/** Locked logins: does anything refuse them? A login that is attacked from a thousand addresses is only stopped there. */
import { inConfig, note, type Observation, ok, problem, warning } from '../finding.ts';
import type { Host } from '../host.ts';
import { runningServers, type Server } from '../services.ts';
import type { Check, Situation } from '../situation.ts';

/** What to write for each server, the way that spares owners first. */
const WAYS: Readonly<Record<Server, { readonly lines: readonly string[]; readonly page: string }>> = {
  Dovecot: { lines: ['[dovecot.auth-policy]', 'listen = "127.0.0.1:4001"'], page: 'docs/dovecot-auth-policy.md' },
  Exim: { lines: ['[exim.deny-file]', 'logins = "/etc/exim4/tailban/logins"'], page: 'docs/exim.md' },
  Postfix: {
    lines: ['[postfix.policy]', 'listen = "unix:/var/spool/postfix/private/tailban"'],
    page: 'docs/postfix.md',
  },
  Stalwart: {
    lines: ['[stalwart.api]', 'url = "http://127.0.0.1:8080"', 'token-file = "/etc/tailban/stalwart-token"'],
    page: 'docs/stalwart.md',
  },
};

export const loginsCheck: Check = {
  name: 'logins',
  async examine(host: Host, situation: Situation): Promise<readonly Observation[]> {
    const { config, daemon } = situation;
    if (config.loginLimit === null) return [note('Logins are never locked: their limit is off')];
    const { dovecot, exim, postfix, stalwart, commands } = config;
    const ways = [
      dovecot.authPolicy.listen !== null ? 'Dovecot asks' : null,
      dovecot.denyFile.path !== null ? 'a file of Dovecot' : null,
      exim.denyFile.logins !== null ? 'a file of Exim' : null,
      postfix.policy !== null ? 'Postfix asks' : null,
      postfix.socketmap !== null ? 'Postfix looks up' : null,
      stalwart.url !== null && stalwart.logins ? "Stalwart's API" : null,
      ...commands.filter(({ types }) => types.includes('login')).map(({ name }) => `the command ${name}`),
    ].filter((way) => way !== null);
    if (ways.length > 0) return [ok(`Locked logins are refused: ${ways.join(', ')}`)];
    const locked = daemon.runs ? daemon.status.bans.logins : 0;
    const { onHost } = await runningServers(host);
    const [server] = (Object.keys(WAYS) as Server[]).filter((name) => onHost.has(name));
    const { lines, page } = WAYS[server ?? 'Dovecot'];
    const fix = inConfig(situation, lines, `see ${page}`);
    const what = 'nothing carries out the lock of a login: who guesses one login from many addresses goes on';
    if (locked > 0)
      return [problem(`${locked === 1 ? 'A login is' : `${locked} logins are`} locked, but ${what}`, fix)];
    return [warning(what.charAt(0).toUpperCase() + what.slice(1), fix)];
  },
};
