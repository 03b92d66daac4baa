/** The table `[postfix]`: what Postfix may ask, and what is said to those that it is to refuse. */
import { choice, found } from './forms.ts';
import { listen } from './listen-forms.ts';
import { type Form, optional, setting, table } from './setting.ts';

/** An answer of SMTP has 512 bytes with its code and the end of the line (RFC 5321 section 4.5.3.1.5). */
const LONGEST_TEXT = 200;

export const postfix = table('What Postfix is told of banned addresses and locked logins when it asks.', {
  action: setting(choice(['reject', 'defer', 'hang-up']), 'reject', {
    meaning: 'Whether they are refused for good (554), for now (450), or cut off (421)',
  }),
  text: setting(smtpText(), 'Access denied after too many failures', {
    meaning: 'What they are told, and what stands in the log of Postfix',
  }),
  policy: table('The policy service of Postfix (`check_policy_service`).', {
    listen: optional(listen(), { meaning: 'Where Postfix asks', example: '127.0.0.1:10031' }),
  }),
  socketmap: table('The same as a lookup table (`check_client_access`, `check_sasl_access`).', {
    listen: optional(listen(), { meaning: 'Where Postfix asks', example: '127.0.0.1:10032' }),
  }),
});

/**
 * What may stand behind the code of an answer. A text that brings a code of its own, or brackets, could make its line in
 * the log look like one of another refusal, which would count.
 */
function smtpText(): Form<string> {
  return {
    type: 'text',
    read: (value, report) => {
      if (typeof value !== 'string')
        return report({ message: `${found(value)} is no text`, hint: 'Write it in quotes' });
      const strange = value.search(/[^\x20-\x7e]|[<>]/);
      if (strange >= 0)
        return report({ message: 'the text holds more than printable ASCII without < and >', offset: strange });
      if (!/^[A-Za-z]/.test(value) || value.endsWith(' '))
        return report({
          message: 'the text has to begin with a letter and to end without a blank',
          hint: 'The code before it comes from postfix.action',
        });
      if (value.length > LONGEST_TEXT)
        return report({ message: `the text has ${value.length} characters, at most ${LONGEST_TEXT} are possible` });
      return value;
    },
    write: (value) => value,
  };
}
