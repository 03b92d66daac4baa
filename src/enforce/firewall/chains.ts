/**
 * Our chains in the table `filter` of iptables and ip6tables, and the jumps that lead there; pure text, nothing is run
 * here. What stands in the kernel is read as iptables-save(8) prints it, and changed by one text for iptables-restore(8),
 * which is carried out as a whole or not at all.
 */
import { type Policy, portText } from './policy.ts';

/** The rules of each chain of the table `filter`, without their `-A CHAIN`. */
export type FilterTable = ReadonlyMap<string, readonly string[]>;

/** Where a jump stands. */
export interface Place {
  readonly chain: string;
  /** Packets on their way to containers and other hosts: their destination may have been changed already. */
  readonly forwarded: boolean;
}

/** What there is to be in one address family. */
export interface Plan {
  /** The name of our chain; the one for forwarded packets ends in `-forward`. */
  readonly name: string;
  readonly family: 4 | 6;
  readonly set: string;
  readonly policy: Policy;
  readonly places: readonly Place[];
}

/** So many ports are possible in one match (iptables-extensions(8), multiport). */
const PORTS_PER_RULE = 15;

/** Reads what iptables-save prints. */
export function readFilterTable(text: string): FilterTable {
  const chains = new Map<string, string[]>();
  let isFilter = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) isFilter = line.trim() === '*filter';
    if (!isFilter) continue;
    const [, chain] = /^:(\S+) /.exec(line) ?? [];
    if (chain !== undefined) chains.set(chain, []);
    const [, from = '', rule] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (rule !== undefined) chains.get(from)?.push(rule.trim());
  }
  return chains;
}

/** Puts our chains and their jumps in order, whatever was there. A jump becomes the first rule of its chain. */
export function installText(table: FilterTable, plan: Plan): string {
  const chains = neededChains(plan);
  const unneeded = namesOf(plan.name).filter((name) => table.has(name) && !chains.includes(name));
  return commit([
    ...chains.map((name) => `:${name} - [0:0]`),
    ...chains.flatMap((name) => rulesOf(plan, name !== plan.name).map((rule) => `-A ${name} ${rule}`)),
    ...jumps(table, plan.name).map(({ chain, rule }) => `-D ${chain} ${rule}`),
    ...plan.places.map((place) => `-I ${place.chain} 1 -j ${target(plan, place)}`),
    ...unneeded.flatMap((name) => [`-F ${name}`, `-X ${name}`]),
  ]);
}

/** Makes our chains and leaves the jumps as they are. */
export function chainText(plan: Plan): string {
  const chains = neededChains(plan);
  return commit([
    ...chains.map((name) => `:${name} - [0:0]`),
    ...chains.flatMap((name) => rulesOf(plan, name !== plan.name).map((rule) => `-A ${name} ${rule}`)),
  ]);
}

/** Takes out our chains and every rule that leads there; null where there is nothing of ours. */
export function removeText(table: FilterTable, name: string): string | null {
  const chains = namesOf(name).filter((chain) => table.has(chain));
  if (chains.length === 0) return null;
  return commit([
    ...jumps(table, name).map(({ chain, rule }) => `-D ${chain} ${rule}`),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
  ]);
}

/** Our chains as the kernel shows them, as one string to compare with a later one. */
export function chainsShown(table: FilterTable, name: string): string {
  return JSON.stringify(namesOf(name).map((chain) => table.get(chain) ?? null));
}

/**
 * Whether every place has its one jump, and no packet is accepted before it. Jumps of others may stand before ours: there
 * is no end to it where two programs both want to be the first.
 */
export function areJumpsInPlace(table: FilterTable, plan: Plan): boolean {
  const found = jumps(table, plan.name);
  const arePlaced = plan.places.every((place) => {
    const rules = table.get(place.chain) ?? [];
    const at = rules.indexOf(`-j ${target(plan, place)}`);
    return at >= 0 && !rules.slice(0, at).some(accepts);
  });
  return arePlaced && found.length === plan.places.length;
}

function commit(lines: readonly string[]): string {
  return `*filter\n${lines.join('\n')}\nCOMMIT\n`;
}

function namesOf(name: string): readonly string[] {
  return [name, `${name}-forward`];
}

function neededChains(plan: Plan): readonly string[] {
  return [...new Set(plan.places.map((place) => target(plan, place)))];
}

function target({ name }: Plan, { forwarded }: Place): string {
  return forwarded ? `${name}-forward` : name;
}

/**
 * Without ports the two chains are alike. Forwarded packets are met by the port that the client asked for, because
 * that is the one that an admin knows; conntrack remembers it. Local ones need no conntrack.
 */
function rulesOf({ family, set, policy }: Plan, forwarded: boolean): string[] {
  const banned = `-m set --match-set ${set} src`;
  const reset = '-j REJECT --reject-with tcp-reset';
  if (policy.ports.length === 0) {
    if (policy.action === 'drop') return [`${banned} -j DROP`];
    const prohibited = family === 4 ? 'icmp-admin-prohibited' : 'icmp6-adm-prohibited';
    return [`-p tcp ${banned} ${reset}`, `${banned} -j REJECT --reject-with ${prohibited}`];
  }
  const verdict = policy.action === 'drop' ? '-j DROP' : reset;
  const matches = forwarded ? policy.ports.map(asked) : chunks(policy.ports).map(arrived);
  return matches.map((match) => `-p tcp ${banned} ${match} ${verdict}`);
}

function asked(port: number): string {
  return `-m conntrack --ctdir ORIGINAL --ctorigdstport ${portText(port)}`;
}

function arrived(ports: readonly number[]): string {
  return `-m multiport --dports ${ports.map(portText).join(',')}`;
}

function chunks(ports: readonly number[]): number[][] {
  const count = Math.ceil(ports.length / PORTS_PER_RULE);
  return Array.from({ length: count }, (_, i) => ports.slice(i * PORTS_PER_RULE, (i + 1) * PORTS_PER_RULE));
}

/** All rules that lead to our chains. */
function jumps(table: FilterTable, name: string): { readonly chain: string; readonly rule: string }[] {
  const targets = namesOf(name);
  const found: { chain: string; rule: string }[] = [];
  for (const [chain, rules] of table) {
    for (const rule of rules) {
      const [, to = ''] = /(?:^| )-[jg] (\S+)/.exec(unquoted(rule)) ?? [];
      if (targets.includes(to)) found.push({ chain, rule });
    }
  }
  return found;
}

/** Loopback is accepted by many first of all, and nobody is banned there. */
function accepts(rule: string): boolean {
  return /(?:^| )-j ACCEPT(?: |$)/.test(unquoted(rule)) && !rule.startsWith('-i lo ');
}

/** Without what stands in comments and strings to match, which may look like anything. */
function unquoted(rule: string): string {
  return rule.replace(/"(?:[^"\\]|\\.)*"/g, '""');
}
