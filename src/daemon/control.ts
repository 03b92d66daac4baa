/** The daemon as the API sees it, put together from those who do the work. */
import type { Control } from '../api/contract.ts';
import type { Admin } from './admin.ts';
import type { Guard } from './guard.ts';
import { type Surroundings, unbanStraysToo } from './strays.ts';

export type DaemonControl = Pick<Control, 'status' | 'reload' | 'config'>;
type Firewall = Pick<Surroundings, 'remaining' | 'log'>;

export function controlOf(admin: Admin, guard: Guard, daemon: DaemonControl, firewall: Firewall): Control {
  return {
    ...daemon,
    bans: () => admin.bans(),
    explain: (request) => admin.explain(request),
    ban: (request) => admin.ban(request),
    unban: (request) => unbanStraysToo(request, { admin, guard, ...firewall }),
    allowed: () => guard.allowed(),
    allow: (request) => admin.allow(request),
    disallow: (request) => admin.disallow(request),
    import: (request) => admin.import(request),
    restore: (request) => admin.restore(request),
    distrust: (request) => admin.distrust(request),
  };
}
