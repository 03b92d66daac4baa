/** What all checks start from: the configuration, the logs, the filters, and what the running daemon says. */
import type { BanView, Status } from '../api/contract.ts';
import type { Config, SourceConfig } from '../config/config.ts';
import type { Filter } from '../config/filter-files.ts';
import type { Network } from '../core/ip.ts';
import type { Enforcer } from '../enforce/types.ts';
import type { Observation } from './finding.ts';
import type { Host } from './host.ts';

export interface Situation {
  /** Of this program. */
  readonly version: string;
  /** Null: there is none, the defaults are in force. */
  readonly configPath: string | null;
  /** The defaults where the file cannot be used. */
  readonly config: Config;
  /** What is wrong with the file, each with its place; empty where it is in order. */
  readonly configProblems: readonly string[];
  readonly configNotes: readonly string[];
  /** By name; none where they cannot be loaded. */
  readonly filters: ReadonlyMap<string, Filter>;
  /** The configured ones, or those that the host turned out to have. */
  readonly sources: readonly SourceConfig[];
  /** What was found, where nothing is configured. */
  readonly discoveries: readonly string[];
  /** Networks of the host itself and its gateways, and what they are. */
  readonly own: readonly (readonly [Network, string])[];
  readonly daemon: Daemon;
  readonly firewall: Firewall;
  /** Tries a firewall where nothing can be harmed; see `rehearsal.ts`. */
  readonly rehearse: () => Promise<Rehearsal>;
}

/** What carries bans of addresses out here. */
export type Firewall =
  /** Only to be asked what it holds. `why` is a clause. */
  | { readonly state: 'used'; readonly enforcer: Enforcer; readonly why: string }
  /** Nothing does, though the configuration asks for it. */
  | { readonly state: 'broken'; readonly problem: string }
  /** Nothing is meant to. */
  | { readonly state: 'off' }
  /** Only root may see. */
  | { readonly state: 'unseen' };

export type Daemon =
  | {
      readonly runs: true;
      readonly status: Status;
      readonly bans: readonly BanView[];
      /** The networks that are never banned. */
      readonly allowed: readonly string[];
      /** What was changed in the configuration since it read that, in words. */
      readonly unread: readonly string[];
    }
  | {
      readonly runs: false;
      /** `stopped`; or perhaps it runs: it does not answer (`silent`), or not to this user (`hidden`). */
      readonly state: 'stopped' | 'silent' | 'hidden';
      readonly reason: string;
    };

/** Whether a ban blocks packets: `untried` where this machine does not let us find out. */
export interface Rehearsal {
  readonly result: 'blocks' | 'leaks' | 'fails' | 'untried';
  readonly reason: string;
}

export interface Check {
  /** One word, shown in front of what it finds. */
  readonly name: string;
  examine(host: Host, situation: Situation): Promise<readonly Observation[]>;
}
