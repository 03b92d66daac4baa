/** Logins with OpenSSH's own client out of a Debian root, from any address and under any name. Needs openssh-client there. */
import { execFile } from 'node:child_process';
import type { Server } from './attack.ts';
import type { DebianRoot } from './lab.ts';

export interface Login {
  readonly name: string;
  readonly ip: string;
  readonly user: string;
  /** One a prompt. */
  readonly passwords?: readonly string[];
  readonly options?: readonly string[];
  /** So many connections, one after the other. */
  readonly times?: number;
  readonly expect?: Readonly<Record<string, number>>;
  readonly logins?: readonly string[];
  readonly forged?: boolean;
  readonly note?: string;
}

export const BY_PASSWORD = ['-o', 'PreferredAuthentications=password'];
/** With the key that `prepareClient` has written. */
export const BY_KEY = ['-o', 'PreferredAuthentications=publickey', '-i', '/root/lab_key'];

/** Wrong passwords, each of which is a failure, where nothing else is said. */
export function wrongLogin(name: string, ip: string, user: string, more: Partial<Login> = {}): Login {
  const { passwords = ['wrong'] } = more;
  const logins = more.logins ?? passwords.map(() => user);
  return {
    name,
    ip,
    user,
    passwords,
    options: BY_PASSWORD,
    expect: { authentication: logins.length },
    logins,
    ...more,
  };
}

/** Answers each prompt with the next line of a file. */
const ASKPASS = `#!/bin/sh
read -r line < "$ANSWERS"
sed -i 1d "$ANSWERS"
echo "$line"
`;

/** Writes the keys that `logIn` may be told to use, lab_key and other_key. */
export function prepareClient(root: DebianRoot): void {
  root.write('/root/askpass', ASKPASS, 0o755);
  for (const key of ['lab_key', 'other_key']) {
    root.run(['sh', '-c', `[ -e /root/${key} ] || ssh-keygen -q -t ed25519 -N '' -C lab -f /root/${key}`]);
  }
}

export async function logIn(
  root: DebianRoot,
  login: Login,
  server: Pick<Server, 'address4' | 'address6'>,
): Promise<void> {
  const { name, ip, user, passwords = [], options = [], times = 1 } = login;
  const to = ip.includes(':') ? server.address6 : server.address4;
  const prompts = String(Math.max(passwords.length, 1));
  const argv = [
    ...['-n', '-b', ip, '-l', user, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
    ...[
      '-o',
      `NumberOfPasswordPrompts=${prompts}`,
      '-o',
      'ConnectTimeout=10',
      '-o',
      'IdentitiesOnly=yes',
      '-F',
      'none',
    ],
    ...[...options, to, 'true'],
  ];
  const answers = `/tmp/answers-${name}`;
  const env = {
    ...process.env,
    ANSWERS: answers,
    SSH_ASKPASS: '/root/askpass',
    SSH_ASKPASS_REQUIRE: 'force',
    DISPLAY: ':0',
  };
  for (let i = 0; i < times; i++) {
    root.write(answers, passwords.map((one) => `${one}\n`).join(''));
    await new Promise<void>((resolve) => {
      execFile('chroot', [root.path, 'ssh', ...argv], { env, timeout: 90_000 }, () => resolve());
    });
  }
}
