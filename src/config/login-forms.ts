/** Ways of writing what concerns logins. */
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
