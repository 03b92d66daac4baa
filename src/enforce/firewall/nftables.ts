/**
 * The nftables backend: owns the table `inet tailban` and nothing else. The kernel holds the timeouts, so bans stay and
 * end without us. What is kept here in memory is only what `reset` and `apply` have put there: to know which sets exist,
 * which element to probe, and whose connections to end. Calls must come one at a time, as the queue makes them.
 *
 * The kernel's timers run on its own clock: they do not follow a step of the wall clock, and they stand still while the
 * machine sleeps. The next `reset` corrects that.
 */
import type { Address } from '../../core/ip.ts';
import type { Ban, Change, Millis, Subject } from '../../core/types.ts';
import { EnforceError } from '../../errors.ts';
import type { Run } from '../command.ts';
import type { Enforcer, Held } from '../types.ts';
import { type ConnectionCutter, connectionCutter } from './connections.ts';
import { type Element, forget, type HeldSets, isHeld, remember, splitChanges } from './held.ts';
import { fingerprint, heldElements } from './listing.ts';
import { isThereAlready, listStructure, listTable, transact, wouldWork } from './nft.ts';
import type { Policy } from './policy.ts';
import { changeText, declareText, probeText, removeText, resetText, rules, TABLE } from './ruleset.ts';
import { type Shape, type Slot, setName, slotOf } from './slot.ts';

export interface NftablesOptions extends Policy {
  /** Length of the IPv6 networks that are banned as a rule: their set is always there. */
  readonly ipv6Prefix: number;
  readonly run: Run;
  readonly now: () => Millis;
  /** Whether to end the live connections of an address that gets banned. */
  readonly killSockets: boolean;
  /** Told once, where connections cannot be ended. */
  readonly warn?: (message: string) => void;
}

/** Elements of each set that `intact` looks for; the next call takes the next ones. */
const PROBES = 20;
/** An element this close to its end may be gone when the probe arrives. */
const PROBE_MARGIN: Millis = 5_000;
/** How often `intact` looks for elements that are not ours, which takes to read all of them. */
const SEARCH_EVERY: Millis = 3_600_000;

export function nftables(options: NftablesOptions): Enforcer {
  return new Nftables(options);
}

class Nftables implements Enforcer {
  readonly name = 'nftables';
  readonly #options: NftablesOptions;
  readonly #cutter: ConnectionCutter;
  /** The sets of the table by name, each with its elements and their ends. */
  #sets: HeldSets = new Map();
  /** The table's structure as it was after the last change to it; null before `reset`. */
  #structure: string | null = null;
  /** When there was surely nothing but ours. */
  #searched: Millis = 0;

  constructor(options: NftablesOptions) {
    this.#options = options;
    this.#cutter = connectionCutter({
      ports: options.ports,
      run: options.run,
      banned: (address) => isHeld(this.#sets, address, options.now()),
      warn: options.warn ?? (() => {}),
    });
  }

  readonly blocksPackets = true;
  readonly logins = null;

  handles(subject: Subject): boolean {
    return subject.type !== 'login';
  }

  async apply(changes: readonly Change[]): Promise<void> {
    if (this.#structure === null) {
      throw new EnforceError('Cannot change the firewall before it has been reset to a known state', [], '');
    }
    const { bans, removed: unbanned } = splitChanges(changes, this.#options.now());
    const added = newShapes(this.#sets, bans);
    // Where there is no set yet, there is nothing to take out of it.
    const removed = unbanned.filter((slot) => this.#sets.has(setName(slot)));
    if (bans.length === 0 && removed.length === 0) return;
    const declaring = added.length > 0 ? declareText([...this.#shapes(), ...added], this.#options) : '';
    const isTaken = ({ slot }: Element): boolean => this.#sets.get(setName(slot))?.ends.has(slot.base) ?? false;
    const fresh = bans.filter((ban) => !isTaken(ban));
    const renewed = bans.filter(isTaken);
    const purpose = `carry out ${changes.length} ${changes.length === 1 ? 'change' : 'changes'} in the firewall`;
    try {
      await transact(this.#options.run, declaring + changeText({ fresh, renewed, removed }), purpose);
    } catch (error) {
      if (!isThereAlready(error)) throw error;
      await transact(this.#options.run, declaring + changeText({ fresh: [], renewed: bans, removed }), purpose);
    }

    for (const shape of added) this.#sets.set(setName(shape), { shape, ends: new Map() });
    forget(this.#sets, removed);
    remember(this.#sets, bans, this.#options.now());
    if (added.length > 0) await this.#recordStructure();
    if (bans.length > 0 && this.#options.killSockets) this.#cutter.cut();
  }

  async reset(bans: readonly Ban[]): Promise<void> {
    const { now } = this.#options;
    const { bans: elements } = splitChanges(
      bans.map((ban) => ({ type: 'ban', ban })),
      now(),
    );
    const sets: HeldSets = new Map();
    for (const shape of this.#standingShapes()) sets.set(setName(shape), { shape, ends: new Map() });
    for (const shape of newShapes(sets, elements)) {
      sets.set(setName(shape), { shape, ends: new Map() });
    }
    const shapes = [...sets.values()].map((set) => set.shape);
    const text = resetText(shapes, this.#options, elements);
    await transact(this.#options.run, text, `put ${elements.length} bans into the firewall`);

    this.#sets = sets;
    this.#searched = now();
    remember(sets, elements, now());
    await this.#recordStructure();
    if (elements.length > 0 && this.#options.killSockets) this.#cutter.cut();
  }

  async intact(): Promise<boolean> {
    if (this.#structure === null) return false;
    const structure = await this.#readStructure();
    if (structure !== this.#structure) return false;
    const probes = this.#nextProbes();
    if (probes.length > 0 && !(await wouldWork(this.#options.run, probeText(probes)))) return false;
    return !(await this.#hasStrays());
  }

  async remaining(): Promise<readonly Held[]> {
    const listing = await listTable(this.#options.run, TABLE);
    return listing === null ? [] : heldElements(listing, this.#options.now());
  }

  async remove(): Promise<void> {
    this.#structure = null;
    this.#sets = new Map();
    await transact(this.#options.run, removeText(), 'delete the table inet tailban');
    await this.#cutter.idle();
  }

  /** The sets that are there even while they are empty, so that an ordinary ban is one element and no new rule. */
  #standingShapes(): Shape[] {
    const shapes: Shape[] = [
      { family: 4, length: 32 },
      { family: 6, length: 128 },
    ];
    const length = this.#options.ipv6Prefix;
    if (length < 128) shapes.push({ family: 6, length });
    return shapes;
  }

  #shapes(): Shape[] {
    return [...this.#sets.values()].map((set) => set.shape);
  }

  async #recordStructure(): Promise<void> {
    this.#structure = null;
    this.#structure = await this.#readStructure();
    if (this.#structure === null) {
      throw new EnforceError('Cannot keep the table inet tailban: it was changed by another program at once', [], '');
    }
  }

  async #readStructure(): Promise<string | null> {
    const shapes = this.#shapes();
    return fingerprint(await listStructure(this.#options.run), shapes, rules(shapes, this.#options).length);
  }

  /** Whether somebody else has put elements into our sets, once in a while. */
  async #hasStrays(): Promise<boolean> {
    const now = this.#options.now();
    if (Math.abs(now - this.#searched) < SEARCH_EVERY) return false;
    this.#searched = now;
    return (await this.remaining()).some(({ subject, until }) => {
      const slot = slotOf(subject);
      const isEnding = until !== null && until <= this.#options.now() + PROBE_MARGIN;
      return !isEnding && !this.#sets.get(setName(slot))?.ends.has(slot.base);
    });
  }

  /** Some elements of each set that must still be there, and forgets those that have ended. */
  #nextProbes(): Slot[] {
    const now = this.#options.now();
    const probes: Slot[] = [];
    for (const { shape, ends } of this.#sets.values()) {
      const chosen: [Address, Millis | null][] = [];
      for (const [base, until] of ends) {
        if (until !== null && until <= now) ends.delete(base);
        else if (chosen.length < PROBES && (until === null || until > now + PROBE_MARGIN)) chosen.push([base, until]);
      }
      for (const [base, until] of chosen) {
        ends.delete(base);
        ends.set(base, until);
        probes.push({ ...shape, base });
      }
    }
    return probes;
  }
}

/** The shapes of bans that have no set yet. */
function newShapes(sets: HeldSets, bans: readonly Element[]): Shape[] {
  const added = new Map<string, Shape>();
  for (const { slot } of bans) {
    const name = setName(slot);
    if (!sets.has(name) && !added.has(name)) added.set(name, { family: slot.family, length: slot.length });
  }
  return [...added.values()];
}
