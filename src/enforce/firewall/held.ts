/**
 * What we have put into the kernel, as we remember it: to know which sets exist, what has to be there still, and whose
 * connections to end. It is never asked whom to ban.
 */
import type { Address } from '../../core/ip.ts';
import type { Change, Millis } from '../../core/types.ts';
import { isSingle, type Shape, type Slot, setName, slotAround, slotOf } from './slot.ts';

/** One element with its remaining time in the kernel; null means for ever. */
export interface Element {
  readonly slot: Slot;
  readonly remaining: Millis | null;
}

/** The elements of one shape with their ends; null is never. */
export interface HeldSet {
  readonly shape: Shape;
  readonly ends: Map<Address, Millis | null>;
}

/** By the names of their shapes. */
export type HeldSets = Map<string, HeldSet>;

/** What changes come to. The last change of each slot counts; a ban whose time is over is an unban. */
export function splitChanges(changes: readonly Change[], now: Millis): { bans: Element[]; removed: Slot[] } {
  const last = new Map<string, { readonly slot: Slot; readonly until: Millis | null }>();
  for (const change of changes) {
    const slot = slotOf(change.type === 'ban' ? change.ban.subject : change.subject);
    last.set(isSingle(slot) ? slot.base : `${slot.base}/${slot.length}`, {
      slot,
      until: change.type === 'ban' ? change.ban.until : 0,
    });
  }
  const bans: Element[] = [];
  const removed: Slot[] = [];
  for (const { slot, until } of last.values()) {
    if (until === null) bans.push({ slot, remaining: null });
    else if (until > now) bans.push({ slot, remaining: until - now });
    else removed.push(slot);
  }
  return { bans, removed };
}

/** Takes note of elements that are in the kernel now; a set that is not known yet is made. */
export function remember(sets: HeldSets, elements: readonly Element[], now: Millis): void {
  for (const { slot, remaining } of elements) {
    const name = setName(slot);
    const set = sets.get(name) ?? { shape: { family: slot.family, length: slot.length }, ends: new Map() };
    sets.set(name, set);
    set.ends.set(slot.base, remaining === null ? null : now + remaining);
  }
}

export function forget(sets: HeldSets, slots: readonly Slot[]): void {
  for (const slot of slots) sets.get(setName(slot))?.ends.delete(slot.base);
}

/** Whether the address is shut out, by itself or by a network around it. */
export function isHeld(sets: HeldSets, address: Address, now: Millis): boolean {
  for (const { shape, ends } of sets.values()) {
    const slot = slotAround(address, shape);
    const until = slot === null ? undefined : ends.get(slot.base);
    if (until === null || (until !== undefined && until > now)) return true;
  }
  return false;
}
