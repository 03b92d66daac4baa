/** Everything that is fuzzed. */
import type { Target } from './target.ts';
import { api } from './targets/api.ts';
import { config } from './targets/config.ts';
import { files } from './targets/files.ts';
import { forged } from './targets/forged.ts';
import { dovecot, forwarded, http, postfix } from './targets/gates.ts';
import { lines } from './targets/lines.ts';
import { containers, journal, webhook } from './targets/wrapped.ts';

export interface Entry {
  readonly target: Target;
  /** How many of all inputs it gets, as against the others. */
  readonly share: number;
}

export const TARGETS: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ['lines', { target: lines, share: 40 }],
  ['journal', { target: journal, share: 15 }],
  ['containers', { target: containers, share: 10 }],
  ['webhook', { target: webhook, share: 5 }],
  ['config', { target: config, share: 5 }],
  ['forged', { target: forged, share: 15 }],
  ['files', { target: files, share: 0.5 }],
  ['api', { target: api, share: 3 }],
  ['postfix', { target: postfix, share: 8 }],
  ['dovecot', { target: dovecot, share: 5 }],
  ['http', { target: http, share: 5 }],
  ['forwarded', { target: forwarded, share: 5 }],
]);
