/**
 * From what is written to what holds, and back: fills in what follows from other settings (the preset, the login limit,
 * ban times) and gives everything the shape of `Config`.
 */
import { parseDuration } from '../core/duration.ts';
import type { Increment, LoginSettings } from '../core/settings.ts';
import type { Millis } from '../core/types.ts';
import type { Config, LimitRule, NamedNetwork, SourceConfig } from './config.ts';
import type { WrittenLimit } from './limit-forms.ts';
import {
  resolveCommands,
  resolveDovecotDenyFile,
  resolveExim,
  writtenCommands,
  writtenDovecotDenyFile,
  writtenExim,
} from './resolve-files.ts';
import {
  resolveLog,
  resolveMetrics,
  resolveNotify,
  writtenLog,
  writtenMetrics,
  writtenNotify,
} from './resolve-operations.ts';
import { resolveHttp, resolveRequests, writtenRequests } from './resolve-requests.ts';
import { PRESETS, type Preset, type Settings } from './schema.ts';

type Fail2ban = Settings['server']['fail2ban'];

/** What holds. A preset only counts where the file does not name authentication itself. */
export function resolve(settings: Settings, authenticationIsWritten: boolean): Config {
  const { server } = settings;
  const limits = resolveLimits(server.fail2ban, authenticationIsWritten);
  const networks = Object.entries(server.network).map(
    ([name, network]): NamedNetwork => ({
      name,
      networks: network.address ?? [],
      neverBlock: network['never-block'],
    }),
  );
  return {
    ...limits,
    enabled: server.fail2ban.enabled,
    increment: resolveIncrement(server.fail2ban.increment, [
      limits.banTime,
      ...[...Object.values(limits.limits), limits.loginLimit].map((rule) => rule?.banTime ?? null),
    ]),
    allowed: [
      ...server['allowed-ip'].map((network) => ({ network, name: null })),
      ...networks
        .filter(({ neverBlock }) => neverBlock)
        .flatMap(({ name, networks }) => networks.map((network) => ({ network, name }))),
    ],
    networks,
    logins: resolveLogins(settings.login),
    aliasFile: settings.login.aliases ?? null,
    ipv6Prefix: server['ipv6-prefix'],
    maxSubjects: server['max-subjects'],
    sources: Object.entries(settings.source).map(resolveSource),
    firewall: settings.firewall,
    dovecot: resolveDovecot(settings.dovecot),
    exim: resolveExim(settings.exim),
    commands: resolveCommands(settings.command),
    postfix: resolvePostfix(settings.postfix),
    stalwart: resolveStalwart(settings.stalwart),
    store: settings.store,
    api: settings.api,
    log: resolveLog(settings.log),
    metrics: resolveMetrics(settings.metrics),
    notify: resolveNotify(settings.notify),
    requests: resolveRequests(
      settings,
      server['trusted-proxies'],
      server.fail2ban.escalate === undefined ? null : rule(server.fail2ban.escalate, limits.banTime),
    ),
    http: resolveHttp(settings.http),
  };
}

/** The settings that a configuration is the meaning of; resolving them gives the same configuration again. */
export function settingsOf(config: Config): Settings {
  return {
    server: {
      'allowed-ip': config.allowed.filter(({ name }) => name === null).map(({ network }) => network),
      'trusted-proxies': config.requests.trustedProxies,
      'ipv6-prefix': config.ipv6Prefix,
      'max-subjects': config.maxSubjects,
      fail2ban: {
        enabled: config.enabled,
        preset: undefined,
        authentication: writtenLimit(config.limits.authentication, config.banTime),
        login: writtenLimit(config.loginLimit, config.banTime),
        'invalid-rcpt': writtenLimit(config.limits['invalid-rcpt'], config.banTime),
        loitering: writtenLimit(config.limits.loitering, config.banTime),
        scan: writtenLimit(config.limits.scan, config.banTime),
        escalate:
          config.requests.escalate === null ? undefined : writtenLimit(config.requests.escalate, config.banTime),
        'ban-time': config.banTime,
        increment: config.increment,
      },
      network: Object.fromEntries(
        config.networks.map(({ name, networks, neverBlock }) => [
          name,
          { address: networks, 'never-block': neverBlock },
        ]),
      ),
    },
    login: writtenLogins(config),
    source: Object.fromEntries(config.sources.map((source) => [source.name, writtenSource(source)])),
    firewall: config.firewall,
    dovecot: writtenDovecot(config.dovecot),
    exim: writtenExim(config.exim),
    command: writtenCommands(config.commands),
    postfix: writtenPostfix(config.postfix),
    stalwart: writtenStalwart(config.stalwart),
    ...writtenRequests(config),
    store: config.store,
    api: config.api,
    log: writtenLog(config.log),
    metrics: writtenMetrics(config.metrics),
    notify: writtenNotify(config.notify),
  };
}

/** The aliases come out of their file, and whether a server refuses locked logins is known when the enforcers are. */
function resolveLogins(login: Settings['login']): LoginSettings {
  const delimiter = login['tag-delimiter'];
  return {
    names: {
      defaultDomain: login['default-domain'] ?? null,
      tagDelimiter: delimiter === 'off' ? null : delimiter,
      aliases: new Map(),
    },
    distinct: login.distinct,
    enforced: false,
    sparesOwners: true,
    banAttackers: login['ban-attackers'],
    knownGood: {
      memory: login['known-good'],
      prefix4: login['known-good-ipv4'],
      prefix6: login['known-good-ipv6'],
      max: login['known-good-max'],
    },
  };
}

function writtenLogins({ logins, aliasFile }: Config): Settings['login'] {
  const { names, distinct, banAttackers, knownGood } = logins;
  return {
    'default-domain': names.defaultDomain ?? undefined,
    'tag-delimiter': names.tagDelimiter ?? 'off',
    aliases: aliasFile ?? undefined,
    distinct,
    'known-good': knownGood.memory,
    'known-good-ipv4': knownGood.prefix4,
    'known-good-ipv6': knownGood.prefix6,
    'known-good-max': knownGood.max,
    'ban-attackers': banAttackers,
  };
}

function resolveLimits(
  fail2ban: Fail2ban,
  authenticationIsWritten: boolean,
): Pick<Config, 'limits' | 'loginLimit' | 'banTime'> {
  const banTime = fail2ban['ban-time'];
  const { preset } = fail2ban;
  const authentication =
    preset === undefined || authenticationIsWritten ? rule(fail2ban.authentication, banTime) : presetRule(preset);
  return {
    limits: {
      authentication,
      'invalid-rcpt': rule(fail2ban['invalid-rcpt'], banTime),
      loitering: rule(fail2ban.loitering, banTime),
      scan: rule(fail2ban.scan, banTime),
    },
    loginLimit: fail2ban.login === undefined ? authentication : rule(fail2ban.login, banTime),
    banTime,
  };
}

function rule(written: WrittenLimit | null, banTime: Millis | null): LimitRule | null {
  if (written === null) return null;
  return { ...written.limit, banTime: written.blockFor === undefined ? banTime : written.blockFor };
}

function presetRule(name: Preset): LimitRule {
  const { attempts, within, blockFor } = PRESETS[name];
  return { count: attempts, period: parseDuration(within), banTime: parseDuration(blockFor) };
}

/** A ban that cannot grow must not shrink: `max` follows a longer ban time. */
function resolveIncrement(increment: Increment | null, banTimes: readonly (Millis | null)[]): Increment | null {
  if (increment === null) return null;
  return { ...increment, max: Math.max(increment.max, ...banTimes.map((time) => time ?? 0)) };
}

function resolveSource([name, written]: [string, Settings['source'][string]]): SourceConfig {
  const common = { name, filters: written.filter ?? null, zone: written.timezone ?? null };
  if (written.files !== undefined) return { ...common, type: 'files', files: written.files };
  if (written.webhook !== undefined)
    return { ...common, type: 'webhook', listen: written.webhook, key: written.key ?? '' };
  return { ...common, type: 'journal', units: written.units ?? null };
}

function resolveDovecot({ 'auth-policy': policy, 'deny-file': denyFile }: Settings['dovecot']): Config['dovecot'] {
  const { listen = null, key = null, reports, message } = policy;
  return {
    authPolicy: { listen, key, maxDelay: policy['max-delay'], reports, message },
    denyFile: resolveDovecotDenyFile(denyFile),
  };
}

function writtenDovecot({ authPolicy, denyFile }: Config['dovecot']): Settings['dovecot'] {
  const { listen, key, maxDelay, reports, message } = authPolicy;
  return {
    'auth-policy': { listen: listen ?? undefined, key: key ?? undefined, 'max-delay': maxDelay, reports, message },
    'deny-file': writtenDovecotDenyFile(denyFile),
  };
}

function resolveStalwart({ api }: Settings['stalwart']): Config['stalwart'] {
  const { url = null, token = null, version, addresses, logins } = api;
  return { url, token, tokenFile: api['token-file'] ?? null, version, addresses, logins };
}

function writtenStalwart({ url, token, tokenFile, ...rest }: Config['stalwart']): Settings['stalwart'] {
  return {
    api: { url: url ?? undefined, token: token ?? undefined, 'token-file': tokenFile ?? undefined, ...rest },
  };
}

function resolvePostfix({ action, text, policy, socketmap }: Settings['postfix']): Config['postfix'] {
  return { action, text, policy: policy.listen ?? null, socketmap: socketmap.listen ?? null };
}

function writtenPostfix({ action, text, policy, socketmap }: Config['postfix']): Settings['postfix'] {
  return { action, text, policy: { listen: policy ?? undefined }, socketmap: { listen: socketmap ?? undefined } };
}

function writtenLimit(rule: LimitRule | null, banTime: Millis | null): WrittenLimit | null {
  if (rule === null) return null;
  const { count, period } = rule;
  return { limit: { count, period }, blockFor: rule.banTime === banTime ? undefined : rule.banTime };
}

function writtenSource(source: SourceConfig): Settings['source'][string] {
  const isWebhook = source.type === 'webhook';
  return {
    files: source.type === 'files' ? source.files : undefined,
    journal: source.type === 'journal',
    units: source.type === 'journal' ? (source.units ?? undefined) : undefined,
    webhook: isWebhook ? source.listen : undefined,
    key: isWebhook ? source.key : undefined,
    filter: source.filters ?? undefined,
    timezone: source.zone ?? undefined,
  };
}
