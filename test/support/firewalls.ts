/**
 * Every firewall backend on a host of its own, inside a network namespace: what has to run there, how the backend is made,
 * and how others take its rules away. ufw and firewalld run for real, on copies of their configuration. Needs root.
 */
import { spawn } from 'node:child_process';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandRunner, type Run } from '../../src/enforce/command.ts';
import { firewalld } from '../../src/enforce/firewall/firewalld.ts';
import { ipsetFirewall } from '../../src/enforce/firewall/ipset-firewall.ts';
import { nftables } from '../../src/enforce/firewall/nftables.ts';
import type { Policy } from '../../src/enforce/firewall/policy.ts';
import { bareHost, type RuleOwner, ufw } from '../../src/enforce/firewall/rule-owner.ts';
import type { Variant } from '../../src/enforce/firewall/xtables.ts';
import type { Enforcer } from '../../src/enforce/types.ts';

/** Ports that the host lets everybody in at, whatever owns its rules. */
export const MAIL = 25;
export const OTHER = 8080;
export const DATAGRAMS = 9999;

export interface FirewallHost {
  /** Put before every command of the host, also in another process. */
  readonly prefix: readonly string[];
  stop(): Promise<void>;
}

export interface FirewallKind {
  readonly host: (namespace: string) => Promise<FirewallHost>;
  readonly make: (
    run: Run,
    options: Policy & { readonly killSockets: boolean; readonly now?: () => number },
  ) => Enforcer;
  /** Commands by which others take our rules or bans away. */
  readonly attacks: readonly (readonly [string, ...string[]])[];
  /** Live connections are accepted before our rules; only their end by ss stops them. */
  readonly acceptsEstablished?: true;
}

export const FIREWALLS = {
  nftables: {
    host: bare,
    make: (run, { now = Date.now, ...options }) => nftables({ ...options, ipv6Prefix: 64, run, now }),
    attacks: [
      ['nft', 'flush', 'ruleset'],
      ['nft', 'flush', 'set', 'inet', 'tailban', 'address4'],
    ],
  },
  'iptables-nft': {
    host: bare,
    make: owned(() => bareHost(['INPUT', 'DOCKER-USER']), 'nft'),
    attacks: [...iptablesAttacks('-nft', 'INPUT', 'tailban'), ['nft', 'flush', 'ruleset']],
  },
  'iptables-legacy': {
    host: bare,
    make: owned(() => bareHost(['INPUT', 'DOCKER-USER']), 'legacy'),
    attacks: iptablesAttacks('-legacy', 'INPUT', 'tailban'),
  },
  ufw: {
    host: ufwHost,
    make: owned(ufw, null),
    attacks: [...iptablesAttacks('', 'ufw-before-input', 'tailban-ufw'), ['ufw', 'reload']],
  },
  'firewalld-nftables': {
    host: (namespace) => firewalldHost(namespace, 'nftables'),
    make: owned(firewalld, null),
    attacks: [...iptablesAttacks('', 'INPUT', 'tailban-firewalld'), ['firewall-cmd', '--reload']],
  },
  'firewalld-iptables': {
    host: (namespace) => firewalldHost(namespace, 'iptables'),
    make: owned(firewalld, null),
    attacks: [
      ['iptables', '-F', 'INPUT_direct'],
      ['firewall-cmd', '--reload'],
    ],
    acceptsEstablished: true,
  },
} as const satisfies Record<string, FirewallKind>;

export type FirewallName = keyof typeof FIREWALLS;

function owned(owner: (run: Run) => RuleOwner, variant: Variant | null): FirewallKind['make'] {
  return (run, { now = Date.now, ...options }) =>
    ipsetFirewall({ ...options, owner: owner(run), families: [4, 6], variant, run, now, warn: () => {} });
}

function iptablesAttacks(variant: string, chain: string, own: string): FirewallKind['attacks'] {
  return [
    [`iptables${variant}`, '-F', chain],
    [`ip6tables${variant}`, '-D', chain.replace('ufw', 'ufw6'), '-j', own],
    [`iptables${variant}`, '-I', chain, '1', '-j', 'ACCEPT'],
    [`iptables${variant}`, '-I', own, '1', '-j', 'RETURN'],
    ['ipset', 'flush', `${own}4`],
    ['ipset', 'del', `${own}6`, '2001:db8:1::/64'],
  ];
}

async function bare(namespace: string): Promise<FirewallHost> {
  return { prefix: ['ip', 'netns', 'exec', namespace], stop: async () => {} };
}

/** ufw has no option for another folder, so it sees a copy of its configuration by mounts of its own. */
async function ufwHost(namespace: string): Promise<FirewallHost> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-ufw-'));
  await cp('/etc/ufw', join(folder, 'etc'), { recursive: true });
  await cp('/etc/default/ufw', join(folder, 'default'));
  const script = join(folder, 'inside');
  const mounts = `mount --bind ${folder}/etc /etc/ufw && mount --bind ${folder}/default /etc/default/ufw`;
  await writeFile(script, `#!/bin/sh\n${mounts} && exec "$@"\n`);
  await chmod(script, 0o755);
  const prefix = ['ip', 'netns', 'exec', namespace, 'unshare', '-m', script];
  const run = commandRunner({ prefix });
  for (const rule of [`${MAIL}/tcp`, `${OTHER}/tcp`, `${DATAGRAMS}/udp`]) await must(run, ['ufw', 'allow', rule]);
  await must(run, ['ufw', '--force', 'enable']);
  return { prefix, stop: () => rm(folder, { recursive: true, force: true }) };
}

/** firewalld on a message bus of its own. */
async function firewalldHost(namespace: string, backend: 'nftables' | 'iptables'): Promise<FirewallHost> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-firewalld-'));
  const bus = `unix:path=${join(folder, 'bus')}`;
  await writeFile(join(folder, 'bus.conf'), busConfig(bus));
  await cp('/etc/firewalld', join(folder, 'etc'), { recursive: true });
  const settings = await readFile(join(folder, 'etc/firewalld.conf'), 'utf8');
  await writeFile(
    join(folder, 'etc/firewalld.conf'),
    settings.replace(/^FirewallBackend=.*$/m, `FirewallBackend=${backend}`),
  );
  await writeFile(join(folder, 'etc/zones/public.xml'), zone());
  const inside = ['ip', 'netns', 'exec', namespace, 'env', `DBUS_SYSTEM_BUS_ADDRESS=${bus}`];
  const start = (argv: readonly string[]) => spawn(argv[0] ?? '', argv.slice(1), { stdio: 'ignore' });
  const daemons = [start(['dbus-daemon', `--config-file=${join(folder, 'bus.conf')}`, '--nofork', '--nopidfile'])];
  const run = commandRunner({ prefix: inside });
  const stop = async (): Promise<void> => {
    for (const daemon of daemons.reverse()) daemon.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
  await waitFor('the message bus', async () => (await run(['test', '-S', join(folder, 'bus')])).exitCode === 0);
  daemons.push(
    start([
      ...inside,
      'firewalld',
      '--nofork',
      '--nopid',
      '--system-config',
      join(folder, 'etc'),
      '--log-file',
      join(folder, 'log'),
    ]),
  );
  await waitFor('firewalld', async () => (await run(['firewall-cmd', '--state'])).exitCode === 0);
  return { prefix: inside, stop };
}

function busConfig(address: string): string {
  const messages = ['method_call', 'method_return', 'error', 'signal'];
  const rules = messages.map((type) => `<allow send_type="${type}"/><allow receive_type="${type}"/>`).join('');
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>${address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/>${rules}</policy></busconfig>
`;
}

function zone(): string {
  const ports = [MAIL, OTHER].map((port) => `<port port="${port}" protocol="tcp"/>`).join('');
  return `<?xml version="1.0" encoding="utf-8"?>
<zone><short>Public</short><service name="dhcpv6-client"/>${ports}<port port="${DATAGRAMS}" protocol="udp"/></zone>
`;
}

async function waitFor(what: string, isThere: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await isThere()) return;
    await sleep(100);
  }
  throw new Error(`Cannot start ${what}: it was not there after 10 s`);
}

async function must(run: Run, argv: readonly [string, ...string[]]): Promise<void> {
  const { exitCode, stdout, stderr } = await run(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} failed: ${stdout}${stderr}`);
}
