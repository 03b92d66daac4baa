/**
 * The backends iptables, ufw and firewalld: banned addresses in sets of ipset, which hold the timeouts, so bans stay and
 * end without us; a chain of ours in the table `filter` of iptables and ip6tables that looks them up; and a jump to it
 * before the rules of the owner. Calls must come one at a time, as the queue makes them.
 *
 * Sets are replaced by swapping, rules by one transaction for each family, sets first: no packet of a banned address gets
 * through meanwhile. A batch is not a transaction: where it fails in the middle, the `reset` that follows puts it right.
 *
 * The kernel counts at most 24 days. A longer ban is put in with that much and is renewed every day by `intact`.
 */
import type { Ban, Change, Millis, Subject } from '../../core/types.ts';
import { EnforceError } from '../../errors.ts';
import type { Run } from '../command.ts';
import type { Enforcer, Held } from '../types.ts';
import { isNotInstalled } from './call.ts';
import { areJumpsInPlace, chainsShown, chainText, installText, type Plan, removeText } from './chains.ts';
import { type ConnectionCutter, connectionCutter } from './connections.ts';
import { type Element, forget, type HeldSets, isHeld, remember, splitChanges } from './held.ts';
import * as ipset from './ipset.ts';
import type { Policy } from './policy.ts';
import { ownName, type RuleOwner } from './rule-owner.ts';
import { plainVariant, type Variant, type Xtables, xtables } from './xtables.ts';

export interface IpsetFirewallOptions extends Policy {
  readonly owner: RuleOwner;
  readonly run: Run;
  readonly now: () => Millis;
  /** IPv6 may be missing on a host. */
  readonly families: readonly ipset.Family[];
  /** Null is what the plain names mean on this host. */
  readonly variant: Variant | null;
  /** Whether to end the live connections of an address that gets banned. */
  readonly killSockets: boolean;
  /** Told once, where connections cannot be ended. */
  readonly warn: (message: string) => void;
}

const RENEW_EVERY: Millis = 86_400_000;
const LONGEST: Millis = ipset.LONGEST_TIMEOUT * 1000;
/** An element this close to its end may be gone already, or may be there still: ends are rounded up to seconds. */
const END_MARGIN: Millis = 5_000;

export function ipsetFirewall(options: IpsetFirewallOptions): Enforcer {
  return new IpsetFirewall(options);
}

class IpsetFirewall implements Enforcer {
  readonly name: string;
  readonly #options: IpsetFirewallOptions;
  /** What our chains and sets are called. */
  readonly #own: string;
  readonly #tables: Xtables;
  readonly #cutter: ConnectionCutter;
  #sets: HeldSets = new Map();
  /** Our chains as the kernel showed them after `reset`, by family; empty before it. */
  readonly #shown = new Map<ipset.Family, string>();
  #renewed: Millis = 0;

  constructor(options: IpsetFirewallOptions) {
    this.#options = options;
    this.name = options.owner.name;
    this.#own = ownName(options.owner);
    this.#tables = xtables(options.run, options.variant);
    this.#cutter = connectionCutter({
      ports: options.ports,
      run: options.run,
      banned: (address) => isHeld(this.#sets, address, options.now()),
      warn: options.warn,
    });
  }

  readonly blocksPackets = true;
  readonly logins = null;

  handles(subject: Subject): boolean {
    return subject.type !== 'login';
  }

  async apply(changes: readonly Change[]): Promise<void> {
    if (this.#shown.size === 0) {
      throw new EnforceError('Cannot change the firewall before it has been reset to a known state', [], '');
    }
    const { bans, removed } = this.#split(changes);
    if (bans.length + removed.length === 0) return;
    const purpose = `carry out ${changes.length} ${changes.length === 1 ? 'change' : 'changes'} in the firewall`;
    await ipset.restore(this.#options.run, ipset.updateText(this.#own, bans, removed), purpose);
    forget(this.#sets, removed);
    remember(this.#sets, bans, this.#options.now());
    if (bans.length > 0 && this.#options.killSockets) this.#cutter.cut();
  }

  async reset(bans: readonly Ban[]): Promise<void> {
    const { run, now, killSockets, families } = this.#options;
    const isFirst = this.#shown.size === 0;
    const { bans: elements } = this.#split(bans.map((ban) => ({ type: 'ban', ban })));
    await ipset.destroyUnfinished(run, this.#own);
    await ipset.restore(run, ipset.fillText(this.#own, elements), `put ${elements.length} bans into the firewall`);
    this.#sets = new Map();
    remember(this.#sets, elements, now());
    this.#renewed = now();
    for (const family of families) await this.#install(family);
    if (isFirst) await this.#clear(await this.#otherTables());
    if (elements.length > 0 && killSockets) this.#cutter.cut();
  }

  async intact(): Promise<boolean> {
    if (this.#shown.size === 0) return false;
    for (const family of this.#options.families) {
      const table = await this.#tables.read(family);
      if (chainsShown(table, this.#own) !== this.#shown.get(family)) return false;
      if (!areJumpsInPlace(table, this.#plan(family, table))) return false;
      if (!(await this.#isSetWhole(family))) return false;
    }
    await this.#renew();
    return true;
  }

  async remaining(): Promise<readonly Held[]> {
    return ipset.readElements(this.#options.run, this.#own, this.#options.now());
  }

  async remove(): Promise<void> {
    this.#shown.clear();
    this.#sets = new Map();
    if (!(await this.#mayBeThere())) return;
    await this.#options.owner.withdraw?.(this.#own).catch((error: unknown) => {
      if (!isNotInstalled(error)) throw error;
    });
    await this.#clear(this.#tables);
    await this.#clear(await this.#otherTables());
    await ipset.destroySets(this.#options.run, this.#own);
    await this.#cutter.idle();
  }

  /** As far as ipset can take it: a network of everybody is two halves. */
  #split(changes: readonly Change[]): ReturnType<typeof splitChanges> {
    const { bans, removed } = splitChanges(changes, this.#options.now());
    return {
      bans: bans.flatMap(({ slot, remaining }): Element[] =>
        ipset.expand(slot).map((half) => ({ slot: half, remaining })),
      ),
      removed: removed.flatMap(ipset.expand),
    };
  }

  #plan(family: ipset.Family, table: Parameters<RuleOwner['places']>[1]): Plan {
    const { ports, action, owner } = this.#options;
    const set = ipset.setOf(this.#own, family);
    return { name: this.#own, family, set, policy: { ports, action }, places: owner.places(family, table) };
  }

  async #install(family: ipset.Family): Promise<void> {
    const { owner } = this.#options;
    let table = await this.#tables.read(family);
    const plan = this.#plan(family, table);
    // Jumps that are there were announced before they were placed.
    if (owner.announce !== undefined && !areJumpsInPlace(table, plan)) {
      // The owner can only jump to chains that are there.
      await this.#tables.restore(family, chainText(plan), 'make our chains in the firewall');
      await owner.announce(family, plan.places, this.#own);
      table = await this.#tables.read(family);
    }
    await this.#tables.restore(family, installText(table, plan), 'put our rules into the firewall');
    const now = await this.#tables.read(family);
    if (!areJumpsInPlace(now, plan)) {
      throw new EnforceError(`Cannot keep our rules in ${this.name}: another program changed them at once`, [], '');
    }
    this.#shown.set(family, chainsShown(now, this.#own));
  }

  /** By the number of its elements: nothing of a set can be lost without changing that. */
  async #isSetWhole(family: ipset.Family): Promise<boolean> {
    const count = await ipset.countElements(this.#options.run, ipset.setOf(this.#own, family));
    if (count === null) return false;
    const now = this.#options.now();
    let least = 0;
    let most = 0;
    for (const { shape, ends } of this.#sets.values()) {
      if (shape.family !== family) continue;
      for (const [base, until] of ends) {
        if (until !== null && until < now - END_MARGIN) {
          ends.delete(base);
          continue;
        }
        most++;
        if (until === null || until > now + END_MARGIN) least++;
      }
    }
    return count >= least && count <= most;
  }

  /** Puts in again what lasts longer than the kernel can count. */
  async #renew(): Promise<void> {
    const now = this.#options.now();
    if (Math.abs(now - this.#renewed) < RENEW_EVERY) return;
    const long: Element[] = [];
    for (const { shape, ends } of this.#sets.values()) {
      for (const [base, until] of ends) {
        // Whatever was cut short is among those that had so much left at the last time.
        if (until !== null && until - this.#renewed > LONGEST)
          long.push({ slot: { ...shape, base }, remaining: until - now });
      }
    }
    if (long.length > 0) {
      await ipset.restore(this.#options.run, ipset.updateText(this.#own, long, []), `renew ${long.length} long bans`);
    }
    this.#renewed = now;
  }

  /** What nobody uses: rules name our sets, so where there are no sets, there are no rules either. */
  async #mayBeThere(): Promise<boolean> {
    try {
      const sets = await ipset.listSets(this.#options.run);
      return ipset.FAMILIES.some((family) => sets.some((set) => set.startsWith(ipset.setOf(this.#own, family))));
    } catch (error) {
      if (isNotInstalled(error)) return false;
      throw error;
    }
  }

  /** Those of the variant that is not in use, where an earlier start may have put its rules. */
  async #otherTables(): Promise<Xtables> {
    const { run, variant } = this.#options;
    const inUse = variant ?? (await plainVariant(run));
    return xtables(run, inUse === 'nft' ? 'legacy' : 'nft');
  }

  async #clear(tables: Xtables): Promise<void> {
    for (const family of this.#options.families) {
      const text = removeText(await tables.peek(family), this.#own);
      if (text !== null) await tables.restore(family, text, 'take our rules out of the firewall');
    }
  }
}
