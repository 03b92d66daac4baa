/**
 * Several password databases: Dovecot asks one after the other for one attempt, each may write a line, and PAM takes its
 * time for that. Each attempt counts once, and what was refused by the first database and then let in counts for nobody.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Looks } from '../../src/filter/first-look.ts';
import { type Joined, Joiner } from '../../src/filter/join.ts';
import { LogReader } from '../../src/filter/reader.ts';
import { events, file, fixture, options, tell } from './reading.ts';

const START = Date.UTC(2026, 10, 22, 9);
const FAILURE = 'authentication 192.0.2.9 alice';
const SUCCESS = 'success 192.0.2.9 alice';

function at(seconds: number, rest: string): string {
  return `${new Date(START + seconds * 1000).toISOString()} mx1 ${rest}`;
}

const peer = (session: string): string => (session === '' ? '192.0.2.9' : `192.0.2.9,<${session}>`);
const auth = (session: string, what: string, database = 'passwd-file'): string =>
  `dovecot: auth: ${database}(alice,${peer(session)}): ${what}`;
const mismatch = (session: string, database?: string): string => auth(session, 'Password mismatch', database);
const pam = (session: string): string =>
  `dovecot: auth-worker(385): conn unix:auth-worker (pid=383,uid=101): auth-worker<8>: pam(alice,${peer(session)}): pam_authenticate() failed: Authentication failure (Password mismatch?)`;
const pamUnix =
  'auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=alice rhost=192.0.2.9  user=alice';
const smtp =
  'postfix/smtpd[7]: warning: unknown[192.0.2.9]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=alice';
const imap = (attempts: number, seconds: number): string =>
  `dovecot: imap-login: Disconnected: Aborted login by logging out (auth failed, ${attempts} attempts in ${seconds} secs): user=<alice>, method=PLAIN, rip=192.0.2.9, lip=203.0.113.10, TLS, session=<abc>`;
const login =
  'dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.9, lip=203.0.113.10, mpid=4, TLS, session=<abc>';

/** What one attempt that begins at that second writes, up to the answer to the client. */
type Attempt = (second: number) => { readonly dovecot: string[]; readonly system: string[]; readonly mail: string[] };

const ATTEMPTS: Readonly<Record<string, (session: string) => Attempt>> = {
  'one database': (session) => (s) => ({
    dovecot: [at(s, mismatch(session))],
    system: [],
    mail: [at(s + 2, smtp)],
  }),
  'PAM alone': (session) => (s) => ({
    dovecot: [at(s + 2.4, pam(session))],
    system: [at(s, pamUnix)],
    mail: [at(s + 4.5, smtp)],
  }),
  'two databases, the second PAM': (session) => (s) => ({
    dovecot: [at(s, mismatch(session)), at(s + 2.4, pam(session))],
    system: [at(s + 0.1, pamUnix)],
    mail: [at(s + 4.5, smtp)],
  }),
  'two databases, the first PAM': (session) => (s) => ({
    dovecot: [at(s + 2.4, pam(session)), at(s + 2.4, mismatch(session))],
    system: [at(s, pamUnix)],
    mail: [at(s + 4.5, smtp)],
  }),
  'a database that does not know the user, then PAM': (session) => (s) => ({
    dovecot: [at(s, auth(session, 'unknown user')), at(s + 2.4, pam(session))],
    system: [at(s + 0.1, pamUnix)],
    mail: [at(s + 4.5, smtp)],
  }),
  'a deny list, a database and a PAM that takes nine seconds': (session) => (s) => ({
    dovecot: [at(s, auth(session, 'unknown user')), at(s, mismatch(session)), at(s + 9, pam(session))],
    system: [at(s + 0.1, pamUnix)],
    mail: [at(s + 11, smtp)],
  }),
};

/** Every order of reading these logs, and all their lines in the order of time. */
function* readings(logs: readonly (readonly string[])[]): Generator<readonly string[]> {
  const [first = [], second = [], third = []] = logs;
  for (const order of [
    [first, second, third],
    [first, third, second],
    [second, first, third],
    [second, third, first],
    [third, first, second],
    [third, second, first],
  ])
    yield order.flat();
  // Lines begin with their time.
  yield logs.flat().sort();
}

const looks = new Looks(options.filters);

function told(lines: readonly string[]): string[] {
  const joiner = new Joiner();
  const seen: string[] = [];
  const emit = (joined: Joined): void => void seen.push(tell(joined));
  new LogReader({ ...options, looks }, joiner).read(file(lines), emit);
  joiner.flush(emit);
  return seen;
}

for (const [name, kind] of Object.entries(ATTEMPTS)) {
  test(`guesses in a row count one each, ${name}`, () => {
    for (const count of [1, 2, 3, 6]) {
      // The client goes on at once when it has been answered, behind a delay that grows up to 15 s.
      for (const pause of [11.1, 17]) {
        const starts = Array.from({ length: count }, (_, index) => index * pause);
        const expected = Array(count).fill(FAILURE);
        const overSmtp = starts.map(kind(''));
        const mail = overSmtp.flatMap((one) => one.mail);
        const smtpLogs = [overSmtp.flatMap((one) => one.dovecot), overSmtp.flatMap((one) => one.system), mail];
        for (const lines of readings(smtpLogs)) assert.deepEqual(told(lines), expected, lines.join('\n'));

        const overImap = starts.map(kind('abc'));
        const end = count * pause;
        const dovecot = [...overImap.flatMap((one) => one.dovecot), at(end, imap(count, Math.floor(end)))];
        for (const lines of readings([dovecot, overImap.flatMap((one) => one.system), []]))
          assert.deepEqual(told(lines).length, count, lines.join('\n'));
      }
    }
  });

  test(`so do guesses that only the layers behind the server tell of, ${name}`, () => {
    for (const session of ['', 'abc']) {
      for (const count of [1, 2, 5]) {
        const all = Array.from({ length: count }, (_, index) => kind(session)(index * 13));
        const logs = [all.flatMap((one) => one.dovecot), all.flatMap((one) => one.system), []];
        for (const lines of readings(logs)) assert.equal(told(lines).length, count, lines.join('\n'));
      }
    }
  });
}

test('quick guesses are not taken for the word of a further database', () => {
  const guesses = Array.from({ length: 6 }, (_, index) => at(index * 2, mismatch('')));
  assert.deepEqual(told(guesses), Array(6).fill(FAILURE));
  // No delay at all: the next line of the first database comes right behind the last of the second.
  const both = Array.from({ length: 4 }, (_, index) => [at(index * 2, mismatch('')), at(index * 2 + 1.9, pam(''))]);
  assert.deepEqual(told(both.flat()), Array(4).fill(FAILURE));
});

test('lines of two sessions, or of two logins, are two attempts', () => {
  const other = pam('xyz');
  assert.equal(told([at(0, mismatch('abc')), at(4, other)]).length, 2);
  assert.equal(told([at(0, mismatch('abc')), at(4, pam('abc').replace('pam(alice,', 'pam(bob,'))]).length, 2);
  assert.equal(told([at(0, mismatch('')), at(12, pam(''))]).length, 2, 'no database is as slow as that');
  const ssh = pamUnix
    .replace('auth: pam_unix(dovecot:auth)', 'sshd[5]: pam_unix(sshd:auth)')
    .replace('tty=dovecot', 'tty=ssh');
  assert.equal(told([at(0, ssh), at(4, pamUnix)]).length, 2, 'two servers that ask PAM');
});

test('guesses on several connections at once that syslog folded count one each', () => {
  const folded = (line: string): string => line.replace(/^dovecot: (.*)$/, 'dovecot: message repeated 2 times: [ $1]');
  const dovecot = [
    ...[at(0, mismatch('')), at(0.1, folded(mismatch('')))],
    ...[at(2.4, pam('')), at(2.6, folded(pam('')))],
  ];
  const mail = [4.5, 4.6, 4.7].map((second) => at(second, smtp));
  for (const lines of [[...dovecot, ...mail], [...mail, ...dovecot], dovecot])
    assert.deepEqual(told(lines), Array(3).fill(FAILURE));
});

test('what is left of a session beyond the number that the server tells was no attempt of its own', () => {
  // Both databases word it alike, and the second one is slow.
  const twice = [at(0, mismatch('abc')), at(3, mismatch('abc', 'ldap'))];
  assert.deepEqual(told([...twice, at(5, imap(1, 5))]), [FAILURE]);
  const again = [at(5, mismatch('abc')), at(8, mismatch('abc', 'ldap'))];
  assert.deepEqual(told([...twice, ...again, at(10, imap(2, 10))]), Array(2).fill(FAILURE));
  assert.equal(told([at(0, mismatch('xyz')), ...twice, at(5, imap(1, 5))]).length, 2, 'another session is none of it');
});

test('a good login that the first database refused is a success and nothing else', () => {
  for (const seconds of [0.01, 1, 2.2, 3, 4.9])
    assert.deepEqual(told([at(0, mismatch('abc')), at(seconds, login)]), [SUCCESS], `${seconds} s`);
  assert.deepEqual(told([at(0, pamUnix), at(0, mismatch('abc')), at(0.3, login)]), [SUCCESS]);
});

test('so it is over SMTP, where the end of the connection tells that it was good', () => {
  const end = (tried: string): string =>
    `postfix/smtpd[7]: disconnect from unknown[192.0.2.9] ehlo=1 auth=${tried} quit=1 commands=3`;
  assert.deepEqual(told([at(0, mismatch('')), at(2.4, end('1'))]), []);
  const second = [at(0, mismatch('')), at(2.4, pam('')), at(4.5, mismatch(''))];
  assert.deepEqual(told([...second, at(4.5, smtp), at(6.8, end('1/2'))]), [FAILURE], 'a wrong password before it');
  assert.deepEqual(told([at(2.4, end('1')), at(9, mismatch(''))]), [FAILURE], 'a guess behind it');
  assert.deepEqual(told([at(2.4, end('1')), at(4, mismatch(''))]), [FAILURE], 'and soon behind it');
});

test('what failed before it on the same session still counts', () => {
  const wrong = [at(0, mismatch('abc')), at(2.4, pam('abc'))];
  assert.deepEqual(
    told([...wrong, at(4.5, mismatch('abc')), at(6.9, login)]),
    [FAILURE, SUCCESS],
    'the second knew it',
  );
  assert.deepEqual(told([...wrong, at(4.5, mismatch('abc')), at(12, login)]), [FAILURE, SUCCESS], 'and was slow');
  assert.deepEqual(told([...wrong, at(4.5, login)]), [FAILURE, SUCCESS], 'the first knew it');
  const guesses = [0, 2.1, 4.2].map((second) => at(second, mismatch('abc')));
  assert.deepEqual(
    told([...guesses, at(6.3, login)]),
    [FAILURE, FAILURE, FAILURE, SUCCESS],
    'there is only one database',
  );
});

test('what was kept by a version that knew no databases is taken over', () => {
  const joiner = new Joiner();
  new LogReader(options, joiner).read(file([at(0, mismatch('abc'))]), () => {});
  const old = [...joiner.takeChanged()].map(([key, state]): [string, string] => {
    const attempts = JSON.parse(state ?? '') as Record<string, unknown>[];
    return [key, JSON.stringify(attempts.map(({ voices, ...rest }) => ({ ...rest, layers: ['auth'] })))];
  });
  const next = new Joiner();
  next.load(new Map(old));
  assert.deepEqual(events([file([at(5, imap(1, 5))])], next).map(tell), [FAILURE]);
});

test('the logs of a real Dovecot with a passwd-file and PAM: each attempt once', () => {
  const [dovecot, postfix] = ['two-databases-dovecot.txt', 'two-databases-postfix.txt'].map(fixture);
  assert.ok(dovecot && postfix);
  const counts: Record<string, number> = {};
  const count = ({ event: { kind, ip } }: Joined): void => {
    const key = `${ip.slice('192.0.2.'.length)} ${kind}`;
    counts[key] = (counts[key] ?? 0) + 1;
  };
  for (const joined of events([dovecot, postfix])) count(joined);
  assert.deepEqual(counts, {
    // One, three; a user that the first database does not know: one, two.
    ...{ '60 authentication': 1, '61 authentication': 3, '62 authentication': 1, '63 authentication': 2 },
    // The same over Postfix.
    ...{ '64 authentication': 1, '65 authentication': 3, '66 authentication': 2 },
    // Only the second database knows the password; a wrong one before.
    ...{ '67 success': 1, '68 authentication': 1, '68 success': 1, '70 authentication': 1 },
    // A wrong password, then one that the first database knows.
    ...{ '71 authentication': 1, '71 success': 1 },
  });
});
