/** Notices to send, for the tests. */
import type { Message, Notice } from '../../src/notify/types.ts';

export const TIME = Date.UTC(2026, 10, 22, 16, 0, 0);

export function ban(subject = '192.0.2.1', more: Partial<Extract<Notice, { kind: 'ban' | 'login' }>> = {}): Notice {
  return {
    kind: 'ban',
    time: TIME,
    subject,
    type: 'address',
    cause: 'authentication',
    reason: '100 failed logins in 20m (limit 100/1d)',
    until: TIME + 3_600_000,
    offence: 1,
    ...more,
  };
}

export function lock(login: string): Notice {
  return ban(`login:${login}`, { kind: 'login', type: 'login' });
}

export function trouble(problem: string | null, kind: 'enforcer' | 'source' | 'store' = 'enforcer'): Notice {
  return { kind, time: TIME, name: kind === 'enforcer' ? 'nftables' : 'mail', problem };
}

export function message(notices: readonly Notice[], omitted: Message['omitted'] = {}): Message {
  return { id: '5f0c6c0e-0000-4000-8000-000000000001', host: 'mail.example.org', time: TIME, notices, omitted };
}
