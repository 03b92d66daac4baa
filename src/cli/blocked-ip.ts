/**
 * Who goes onto Stalwart's list of blocked addresses. Its entries have no end, so whoever is only over a rate is left out:
 * in a minute there is room again.
 */
import type { BanView } from '../api/contract.ts';
import type { Terminal } from './terminal.ts';
import { counted } from './times.ts';

/** The addresses and networks; what was left out is told beside them. */
export function blockedIps(bans: readonly BanView[], terminal: Terminal): string[] {
  const lasting = bans.filter(({ cause }) => cause !== 'rate-limit');
  const blocked = lasting.filter(({ type }) => type !== 'login');
  const logins = lasting.length - blocked.length;
  const short = bans.length - lasting.length;
  if (logins > 0) terminal.note(`${counted(logins, 'login')} left out: Stalwart's list holds addresses and networks`);
  if (short > 0) terminal.note(`${counted(short, 'ban')} left out: only until there is room in a rate again`);
  return blocked.map(({ subject }) => subject);
}
