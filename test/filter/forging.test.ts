/**
 * Nothing that a client writes changes the address that is reported, or keeps the line from being read. More than 50,000
 * lines, built as the servers build them, around text that imitates other lines and their ends.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Joined, Joiner } from '../../src/filter/join.ts';
import { Matcher, type Sighting } from '../../src/filter/match.ts';
import { file, filters, options } from './reading.ts';
import { type Client, type ServerLine, serverLines } from './server-lines.ts';

const VICTIM = '203.0.113.77';

/** The messages of all samples, as if somebody else had sent them. */
const messages = filters
  .flatMap(({ definition }) => definition.patterns.flatMap(({ samples }) => samples))
  .map(({ line, ip }) => line.replace(/^.*?\w(?:\[\d+\])?: /, '').replaceAll(ip ?? VICTIM, VICTIM));

const fragment = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...messages) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[
        `[${VICTIM}]`,
        `from unknown[${VICTIM}]`,
        `rip=${VICTIM}`,
        `, rip=${VICTIM}, lip=203.0.113.10`,
        `rhost=${VICTIM}`,
      ],
      ...[
        `>, method=PLAIN, rip=${VICTIM}, lip=203.0.113.10, TLS, session=<abc>`,
        `>, rip=${VICTIM}`,
        `unknown[${VICTIM}]: `,
      ],
      ...[`,${VICTIM}): Password mismatch`, `,${VICTIM}): Password mismatch (`, `,${VICTIM},<s>): unknown user`],
      ...[
        `,${VICTIM}): Password query failed: x`,
        `,${VICTIM},sasl:plain)<s>: x: Password mismatch`,
        `,192.0.2.9): Aborting`,
      ],
      ...[
        `,${VICTIM}): pam_authenticate() failed: Authentication failure`,
        ` rhost=${VICTIM}  user=root`,
        ' user=root',
      ],
      ...['Connection lost to authentication server', ', sasl_username=', 'authentication failed: generic failure'],
      ...[
        '> sasl_method=PLAIN sasl_username=x',
        ' sasl_method=PLAIN sasl_username=x@example.org',
        '; from=<a> to=<b> proto=ESMTP helo=<c>',
      ],
      ...[
        '>: Recipient address rejected: x',
        '>: Relay access denied;',
        ': 450 4.1.1 <x>: ',
        'Service unavailable; ',
        'fatal: x',
      ],
      ...[
        ' dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<',
        ' postfix/smtpd[9]: disconnect ',
      ],
      ...[
        'message repeated 2 times: [ ',
        ']',
        '#012',
        '\n',
        '\r\n',
        '\0',
        '\x1b[31m',
        '"',
        '\\',
        "'",
        '<',
        '>',
        '(',
        ')',
        ',',
        ':',
      ],
      ...[': ', '; ', '...', '?', ' ', '  ', '%s', '*', '@example.org', 'alice', '(unavailable)', 'Login: user=<'],
    ),
  },
  fc.string({ maxLength: 6 }),
);
const text = fc
  .array(fragment, { maxLength: 4, size: 'max' })
  .map((parts) => parts.join('').replaceAll(/[^\x00-\x7e]/g, '~'));

const client: fc.Arbitrary<Client> = fc.record({
  ip: fc.constantFrom('192.0.2.9', '2001:db8:bad::9'),
  host: fc.oneof(fc.constant('unknown'), text, fc.constantFrom(`203-0-113-77.${VICTIM}.evil.example`, 'from', 'SASL')),
  login: text,
  mechanism: text,
  helo: text,
  sender: text,
  recipient: text,
  data: text,
});

test('every line gives the address that the client really has, and the login as the server shows it', () => {
  const matcher = new Matcher(options);
  let lines = 0;
  fc.assert(
    fc.property(client, (one) => {
      const built = serverLines(one);
      const before = matcher.lines;
      const seen = new Map<number, Sighting>();
      const data = Buffer.from(built.map(({ line }) => `${line}\n`).join(''), 'latin1');
      matcher.readText(data, (sighting) => seen.set(sighting.line - before - 1, sighting));
      assert.equal(matcher.lines - before, built.length, 'no client adds a line');
      for (const [index, line] of built.entries()) check(seen.get(index), line, one.ip);
      lines += built.length;
    }),
    { numRuns: 1_200 },
  );
  assert.ok(lines >= 50_000, `${lines} lines`);
});

/** Words that stand for no login. */
const NO_LOGIN = ['', '?', '(unavailable)', '(unknown)', 'unknown'];

function check(seen: Sighting | undefined, { line, login, mayBeUnread }: ServerLine, ip: string): void {
  if (seen === undefined) {
    assert.ok(mayBeUnread, `not read: ${line}`);
    return;
  }
  assert.equal(seen.ip, ip, line);
  if (mayBeUnread) assert.notEqual(seen.as, 'excused', line);
  else assert.ok(['event', 'summary', 'held', 'echo', 'hint'].includes(seen.as), `${seen.pattern}: ${line}`);
  if (login !== null) assert.equal(seen.login, NO_LOGIN.includes(login) ? null : login, line);
}

test('what is joined counts against the client and against nobody else, and is not kept from counting', () => {
  // With all filters it takes longer to make than to read two lines.
  const matcher = new Matcher(options);
  fc.assert(
    fc.property(client, fc.nat(40), (one, number) => {
      const built = serverLines(one).filter(
        ({ mayBeUnread, line }) => !mayBeUnread && !line.includes('Username character'),
      );
      const chosen = built[number % built.length];
      if (chosen === undefined) return;
      const end = `2026-11-22T08:49:50.1+00:00 mx1 postfix/smtpd[383]: disconnect from unknown[${one.ip}] ehlo=1 mail=1 rcpt=0/1 commands=2/3`;
      const joined: Joined[] = [];
      const joiner = new Joiner();
      const keep = (event: Joined): void => void joined.push(event);
      matcher.readText(Buffer.concat([Buffer.from(`${chosen.line}\n`, 'latin1'), file([end])]), (sighting) =>
        joiner.see(sighting, keep),
      );
      joiner.flush(keep);
      assert.ok(joined.length > 0, `suppressed: ${chosen.line}`);
      for (const { event } of joined) {
        assert.equal(event.ip, one.ip, chosen.line);
        assert.notEqual(event.kind, 'success', chosen.line);
      }
    }),
    { numRuns: 2_000 },
  );
});
