/** Ways of writing what concerns logins. */
import type { Millis } from '../core/types.ts';
import { duration, isOff } from './forms.ts';
import type { Form } from './setting.ts';

/** The domain of mail addresses. */
export function domain(): Form<string> {
  return {
    type: 'domain',
    read: (value, report) => {
      const isDomain = typeof value === 'string' && /^(?=.{1,253}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(value);
      return isDomain
        ? value.toLowerCase()
        : report({ message: `${JSON.stringify(value)} is no domain`, hint: 'Write "example.org", without an @' });
    },
    write: (value) => value,
  };
}

/** A duration; null where it is switched off. */
export function durationOrOff(): Form<Millis | null> {
  const inner = duration();
  return {
    type: 'duration, or "off"',
    read: (value, report) => (isOff(value) ? null : inner.read(value, report)),
    write: (value) => (value === null ? 'off' : inner.write(value)),
  };
}
