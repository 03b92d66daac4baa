/**
 * Writes what `nft -f -` reads; pure text, nothing is run here. Everything lives in the table `inet tailban`: one base
 * chain at `prerouting`, priority -150 (before DNAT, so forwarded traffic is met under the port that the attacker used),
 * and one set per shape. Syntax and behaviour: nft(8), checked with nftables 1.0.6 and Linux 6.18.
 */
import { formatDuration } from '../../core/duration.ts';
import type { Millis } from '../../core/types.ts';
import type { Element } from './held.ts';
import { type Policy, portText } from './policy.ts';
import { isSingle, maskOf, type Shape, type Slot, setName } from './slot.ts';

export const TABLE = 'tailban';
export const CHAIN = 'prerouting';

/** Elements on one line of text. Beyond about this many, longer lines gain nothing. */
const CHUNK = 2_000;
/** A timeout that rounds to no tick of the kernel's clock (10 ms at most) would mean "for ever". */
const SHORTEST: Millis = 100;
/** nft refuses numbers of ten digits and more; no duration of ours is longer than this. */
const LONGEST: Millis = 36_500 * 86_400_000;

/** Replaces the table, whatever it was, in one transaction: packets see either the old one or the new one. */
export function resetText(shapes: readonly Shape[], policy: Policy, elements: readonly Element[]): string {
  return removeText() + declareText(shapes, policy) + elementText('add', elements);
}

/** Deletes the table. It is added first because nft fails on deleting what is not there. */
export function removeText(): string {
  return `add table inet ${TABLE}\ndelete table inet ${TABLE}\n`;
}

/** The table, the sets and all rules. Repeating it over itself changes nothing but the rules' handles. */
export function declareText(shapes: readonly Shape[], policy: Policy): string {
  const lines = [
    `add table inet ${TABLE}`,
    `add chain inet ${TABLE} ${CHAIN} { type filter hook prerouting priority -150 ; policy accept ; }`,
    ...shapes.map(
      (shape) => `add set inet ${TABLE} ${setName(shape)} { type ipv${shape.family}_addr ; flags timeout ; }`,
    ),
    `flush chain inet ${TABLE} ${CHAIN}`,
    ...rules(shapes, policy).map((rule) => `add rule inet ${TABLE} ${CHAIN} ${rule}`),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * The rules in the chain's order. Traffic to other ports leaves first. UDP is never blocked by port: a port list names
 * mail services, and those speak TCP.
 */
export function rules(shapes: readonly Shape[], policy: Policy): string[] {
  const guard =
    policy.ports.length === 0
      ? []
      : ['meta l4proto != tcp return', `tcp dport != { ${policy.ports.map(portText).join(', ')} } return`];
  return [...guard, ...shapes.flatMap((shape) => verdicts(policy).map((verdict) => `${match(shape)} ${verdict}`))];
}

/** What one batch does. */
export interface ElementChanges {
  /** Bans whose slots are empty, as far as we know. */
  readonly fresh: readonly Element[];
  /** Bans whose slots are taken, or may be. */
  readonly renewed: readonly Element[];
  readonly removed: readonly Slot[];
}

/**
 * Bans and unbans in one text. Adding an element that is there does not renew its timeout before Linux 6.12, and
 * deleting one that is not there fails the transaction; adding, deleting and adding again does neither, and no packet
 * sees the steps between. But a transaction with a delete in it takes the kernel 12 ms instead of 1 ms, so a fresh ban is
 * only created, which fails where the element is there after all.
 */
export function changeText({ fresh, renewed, removed }: ElementChanges): string {
  const touched = [...renewed.map((ban) => ban.slot), ...removed].map((slot): Element => ({ slot, remaining: null }));
  const clearing = elementText('add', touched) + elementText('delete', touched);
  return clearing + elementText('add', renewed) + elementText('create', fresh);
}

/** Fails to be carried out where one of the slots is empty. For `nft --check`, which changes nothing. */
export function probeText(slots: readonly Slot[]): string {
  return elementText(
    'delete',
    slots.map((slot) => ({ slot, remaining: null })),
  );
}

function elementText(verb: 'add' | 'create' | 'delete', elements: readonly Element[]): string {
  const bySet = new Map<string, string[]>();
  for (const element of elements) {
    const name = setName(element.slot);
    const texts = bySet.get(name);
    const text = element.slot.base + timeoutText(element.remaining);
    if (texts === undefined) bySet.set(name, [text]);
    else texts.push(text);
  }
  let text = '';
  for (const [name, texts] of bySet) {
    for (let start = 0; start < texts.length; start += CHUNK) {
      text += `${verb} element inet ${TABLE} ${name} { ${texts.slice(start, start + CHUNK).join(', ')} }\n`;
    }
  }
  return text;
}

function timeoutText(remaining: Millis | null): string {
  if (remaining === null) return '';
  return ` timeout ${formatDuration(Math.min(Math.max(Math.ceil(remaining), SHORTEST), LONGEST))}`;
}

function match(shape: Shape): string {
  const source = shape.family === 4 ? 'ip saddr' : 'ip6 saddr';
  return isSingle(shape) ? `${source} @${setName(shape)}` : `${source} & ${maskOf(shape)} @${setName(shape)}`;
}

function verdicts(policy: Policy): readonly string[] {
  if (policy.action === 'drop') return ['drop'];
  const reset = 'meta l4proto tcp reject with tcp reset';
  return policy.ports.length > 0 ? [reset] : [reset, 'reject with icmpx type admin-prohibited'];
}
