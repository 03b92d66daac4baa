/** Whether Dovecot asks the auth policy server that tailban offers. Part of the check `dovecot`. */
import type { Endpoint } from '../../config/config.ts';
import type { DovecotBlock } from '../dovecot-settings.ts';
import { commands, linesIn, note, type Observation, ok, problem, warning } from '../finding.ts';
import type { Host } from '../host.ts';
import type { Situation } from '../situation.ts';

const OWN = '/etc/dovecot/conf.d/99-tailban.conf';
const RELOAD = 'systemctl reload dovecot';
const ANY = ['0.0.0.0', '::', '[::]'];

export async function authPolicy(
  host: Host,
  root: DovecotBlock,
  { config, daemon }: Situation,
): Promise<Observation[]> {
  const { listen, key, reports } = config.dovecot.authPolicy;
  if (listen === null) return [];
  const settings = policySettings(root);
  const url = settings.get('auth_policy_server_url') ?? '';
  if (!leadsTo(url, listen)) {
    const where = url === '' ? 'nothing' : url;
    return [
      problem(
        `tailban listens for Dovecot at ${listen.host}:${listen.port}, but Dovecot asks ${where} (auth_policy_server_url)`,
        linesIn(OWN, asking(listen, key), RELOAD),
      ),
    ];
  }
  const found: Observation[] = [];
  const set = (name: string): string => settings.get(name) ?? '';
  if (set('auth_policy_hash_nonce') === '')
    found.push(
      problem(
        'Dovecot has no auth_policy_hash_nonce, without which it does not ask',
        linesIn(OWN, ['auth_policy_hash_nonce = …   # openssl rand -hex 16'], RELOAD),
      ),
    );
  const header = set('auth_policy_server_api_header').replace(/^"|"$/g, '');
  // A version that hides it shows a comment in its place.
  if (key !== null && !header.startsWith('#') && header !== `X-API-Key: ${key}`)
    found.push(
      problem(
        `Dovecot does not send the key of dovecot.auth-policy (auth_policy_server_api_header is ${header === '' ? 'not set' : 'another'}), so nobody is refused`,
        linesIn(
          OWN,
          ['auth_policy_server_api_header = "X-API-Key: …"   # the text of dovecot.auth-policy.key'],
          RELOAD,
        ),
      ),
    );
  if (set('auth_policy_log_only') === 'yes')
    found.push(
      warning(
        'Dovecot only logs what tailban answers (auth_policy_log_only = yes), nobody is refused',
        linesIn(OWN, ['auth_policy_log_only = no'], RELOAD),
      ),
    );
  if (set('auth_policy_check_before_auth') === 'no')
    found.push(
      warning(
        'Dovecot asks only after the password (auth_policy_check_before_auth = no), so guessing goes on',
        linesIn(OWN, ['auth_policy_check_before_auth = yes'], RELOAD),
      ),
    );
  if (reports && set('auth_policy_report_after_auth') === 'no')
    found.push(
      note(
        'Dovecot reports no logins (auth_policy_report_after_auth = no), they count by the log alone',
        linesIn(OWN, ['auth_policy_report_after_auth = yes'], RELOAD),
      ),
    );
  if (set('auth_policy_reject_on_fail') === 'yes')
    found.push(note('While tailban is down nobody can log in (auth_policy_reject_on_fail = yes)'));
  if (
    daemon.runs &&
    !(await host.answers({ host: ANY.includes(listen.host) ? '127.0.0.1' : listen.host, port: listen.port }))
  )
    found.push(
      problem(
        `Nobody answers at ${listen.host}:${listen.port}, where Dovecot asks`,
        commands(`ss -tlnp | grep :${listen.port}`, 'systemctl restart tailban'),
      ),
    );
  return found.length > 0 ? found : [ok(`Dovecot asks tailban at ${url}`)];
}

/** Dovecot 2.4 may write them into a block `auth_policy`, with or without that word in front of the names. */
function policySettings({ settings, blocks }: DovecotBlock): ReadonlyMap<string, string> {
  const inside = blocks.filter(({ type }) => type === 'auth_policy').flatMap((block) => [...block.settings]);
  const prefixed = inside.map(([name, value]) => [`auth_policy_${name.replace(/^auth_policy_/, '')}`, value] as const);
  return new Map([...settings, ...prefixed]);
}

function asking({ host, port }: Endpoint, key: string | null): string[] {
  return [
    `auth_policy_server_url = http://${ANY.includes(host) ? '127.0.0.1' : host}:${port}/`,
    ...(key === null ? [] : ['auth_policy_server_api_header = "X-API-Key: …"   # the text of dovecot.auth-policy.key']),
    'auth_policy_hash_nonce = …   # openssl rand -hex 16',
  ];
}

function leadsTo(url: string, { host, port }: Endpoint): boolean {
  if (!URL.canParse(url)) return false;
  const asked = new URL(url);
  const name = asked.hostname.replace(/^\[|\]$/g, '');
  const isHere = ANY.includes(host) || name === host || (name === 'localhost' && /^(?:127\.|::1$)/.test(host));
  return isHere && Number(asked.port || '80') === port;
}
