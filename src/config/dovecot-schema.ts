/** The table `[dovecot]`: the ways in which Dovecot learns whom to refuse. */
import { authPolicy } from './auth-policy-schema.ts';
import { dovecotDenyFile } from './deny-file-schema.ts';
import { table } from './setting.ts';

export const dovecot = table('How Dovecot learns whom to refuse.', {
  'auth-policy': authPolicy,
  'deny-file': dovecotDenyFile,
});
