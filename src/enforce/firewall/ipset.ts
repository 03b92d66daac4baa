/**
 * The sets of the backends that work with iptables, by ipset(8): one for each address family, `tailban4` and `tailban6`,
 * of the type hash:net with a timeout for each element. Such a set takes addresses and networks of any length, nested
 * ones too, each with its own end; a packet costs one look for each prefix length in use. Checked with ipset 7.17.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseNetwork } from '../../core/ip.ts';
import { networkSubject } from '../../core/subject.ts';
import type { Millis } from '../../core/types.ts';
import type { Run } from '../command.ts';
import type { Held } from '../types.ts';
import { call, refused } from './call.ts';
import type { Element } from './held.ts';
import type { Slot } from './slot.ts';

export type Family = 4 | 6;
export const FAMILIES: readonly Family[] = [4, 6];

/** In seconds: the kernel keeps a timeout as milliseconds in 32 bits. Longer bans have to be renewed. */
export const LONGEST_TIMEOUT = 2_147_483;
/** Only a bound, no memory is set aside for it; more than the greatest `max-subjects`, so that no set is ever full. */
const MAX_ELEMENTS = 67_108_864;
/** A set stays in use for some milliseconds after the last rule that named it has gone. */
const DESTROY_TRIES = 40;
const DESTROY_PAUSE: Millis = 50;

/** The name of a set; `prefix` tells our backends apart. */
export function setOf(prefix: string, family: Family): string {
  return `${prefix}${family}`;
}

/** hash:net knows no prefix of length 0: everybody becomes two halves. */
export function expand(slot: Slot): readonly Slot[] {
  if (slot.length > 0) return [slot];
  const upper = slot.family === 4 ? '128.0.0.0' : '8000::';
  return [
    { ...slot, length: 1 },
    { ...slot, length: 1, base: upper as Slot['base'] },
  ];
}

/** Fills new sets beside those in force and swaps them: a packet meets the old one or the new one. */
export function fillText(prefix: string, elements: readonly Element[]): string {
  const lines = FAMILIES.flatMap((family) => {
    const set = setOf(prefix, family);
    const options = `hash:net family ${family === 4 ? 'inet' : 'inet6'} maxelem ${MAX_ELEMENTS} timeout 0`;
    return [
      `create ${fresh(set)} ${options}`,
      `create ${set} ${options}`,
      ...elements.filter(({ slot }) => slot.family === family).map((element) => addText(fresh(set), element)),
      `swap ${fresh(set)} ${set}`,
      `destroy ${fresh(set)}`,
    ];
  });
  return `${lines.join('\n')}\n`;
}

/** Takes out, then puts in; what is there already takes the new end. */
export function updateText(prefix: string, bans: readonly Element[], removed: readonly Slot[]): string {
  const lines = [
    ...removed.map((slot) => `del ${setOf(prefix, slot.family)} ${slot.base}/${slot.length}`),
    ...bans.map((element) => addText(setOf(prefix, element.slot.family), element)),
  ];
  return `${lines.join('\n')}\n`;
}

/** @throws EnforceError where a line cannot be carried out; those before it are in force then */
export async function restore(run: Run, text: string, purpose: string): Promise<void> {
  const argv = ['ipset', '-exist', 'restore'] as const;
  const outcome = await callIpset(run, argv, text);
  if (outcome.exitCode !== 0) throw refused(purpose, argv, outcome);
}

/** What a start that was killed has left behind. */
export async function destroyUnfinished(run: Run, prefix: string): Promise<void> {
  for (const family of FAMILIES) await callIpset(run, ['ipset', 'destroy', fresh(setOf(prefix, family))]);
}

/** @throws EnforceError where a set is still in use by a rule */
export async function destroySets(run: Run, prefix: string): Promise<void> {
  await destroyUnfinished(run, prefix);
  for (const family of FAMILIES) await destroySet(run, setOf(prefix, family));
}

/** How many elements a set holds that have not ended; null where the kernel does not say, or there is no set. */
export async function countElements(run: Run, set: string): Promise<number | null> {
  const { exitCode, stdout } = await callIpset(run, ['ipset', '-terse', 'list', set]);
  const count = /^Number of entries: (\d+)$/m.exec(stdout)?.[1];
  return exitCode === 0 && count !== undefined ? Number(count) : null;
}

/** The names of all sets there are; none where the kernel knows no sets. @throws EnforceError */
export async function listSets(run: Run): Promise<readonly string[]> {
  const argv = ['ipset', '-name', 'list'] as const;
  const outcome = await callIpset(run, argv);
  if (outcome.stderr.includes('Cannot open session to kernel')) return [];
  if (outcome.exitCode !== 0) throw refused('list the sets of the firewall', argv, outcome);
  return outcome.stdout.split('\n').filter((name) => name !== '');
}

/** The subjects in our sets, with ends up to a second late, never early; none where there are no such sets. */
export async function readElements(run: Run, prefix: string, now: Millis): Promise<Held[]> {
  const found: Held[] = [];
  for (const family of FAMILIES) {
    const argv = ['ipset', 'save', setOf(prefix, family)] as const;
    const outcome = await callIpset(run, argv);
    if (outcome.exitCode !== 0 && !isNotThere(outcome.stderr)) throw refused('list the bans', argv, outcome);
    for (const line of outcome.stdout.split('\n')) {
      const [, text = '', timeout] = /^add \S+ (\S+)(?: timeout (\d+))?/.exec(line) ?? [];
      const network = parseNetwork(text);
      if (network === null) continue;
      const seconds = Number(timeout ?? 0);
      found.push({ subject: networkSubject(network), until: seconds === 0 ? null : now + seconds * 1000 + 999 });
    }
  }
  return found;
}

/** The end is rounded up to whole seconds; a timeout of 0 is for ever. */
function addText(set: string, { slot, remaining }: Element): string {
  const seconds = remaining === null ? 0 : Math.min(Math.max(Math.ceil(remaining / 1000), 1), LONGEST_TIMEOUT);
  return `add ${set} ${slot.base}/${slot.length} timeout ${seconds}`;
}

function fresh(set: string): string {
  return `${set}-new`;
}

async function destroySet(run: Run, set: string): Promise<void> {
  const argv = ['ipset', 'destroy', set] as const;
  for (let tries = 1; ; tries++) {
    const outcome = await callIpset(run, argv);
    if (outcome.exitCode === 0 || isNotThere(outcome.stderr)) return;
    if (tries === DESTROY_TRIES) throw refused(`remove the set ${set}`, argv, outcome);
    await sleep(DESTROY_PAUSE);
  }
}

function isNotThere(stderr: string): boolean {
  return stderr.includes('does not exist');
}

function callIpset(run: Run, argv: readonly [string, ...string[]], input?: string) {
  return call(run, argv, 'ipset', input);
}
