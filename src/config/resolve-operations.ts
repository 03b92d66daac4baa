/** What `resolve.ts` does, for what the daemon tells of itself: its log, its metrics and its notifications. */
import type { Config, NotifyConfig } from './config.ts';
import type { Settings } from './schema.ts';

type WrittenNotify = Settings['notify'][string];

export function resolveLog({ level, format, file }: Settings['log']): Config['log'] {
  return { level, format, file: file ?? null };
}

export function writtenLog({ level, format, file }: Config['log']): Settings['log'] {
  return { level, format, file: file ?? undefined };
}

export function resolveMetrics({ listen }: Settings['metrics']): Config['metrics'] {
  return { listen: listen ?? null };
}

export function writtenMetrics({ listen }: Config['metrics']): Settings['metrics'] {
  return { listen: listen ?? undefined };
}

export function resolveNotify(notify: Settings['notify']): readonly NotifyConfig[] {
  return Object.entries(notify).flatMap(([name, written]) => {
    const way = wayOf(written);
    const { events, every, max } = written;
    // One that tells nobody is an error, which has been reported.
    return way === null ? [] : [{ name, way, events, every, max }];
  });
}

export function writtenNotify(notify: readonly NotifyConfig[]): Settings['notify'] {
  return Object.fromEntries(
    notify.map(({ name, way, events, every, max }): [string, WrittenNotify] => [
      name,
      {
        webhook: way.type === 'webhook' ? way.url : undefined,
        key: way.type === 'webhook' ? (way.key ?? undefined) : undefined,
        mail: way.type === 'mail' ? way.recipients : undefined,
        from: way.type === 'mail' ? (way.from ?? undefined) : undefined,
        sendmail: way.type === 'mail' ? (way.sendmail ?? undefined) : undefined,
        smtp: way.type === 'mail' ? (way.smtp ?? undefined) : undefined,
        command: way.type === 'command' ? way.argv : undefined,
        events,
        every,
        max,
      },
    ]),
  );
}

function wayOf({ webhook, key, mail, from, sendmail, smtp, command }: WrittenNotify): NotifyConfig['way'] | null {
  if (webhook !== undefined) return { type: 'webhook', url: webhook, key: key ?? null };
  if (mail !== undefined)
    return { type: 'mail', recipients: mail, from: from ?? null, sendmail: sendmail ?? null, smtp: smtp ?? null };
  return command === undefined ? null : { type: 'command', argv: command };
}
