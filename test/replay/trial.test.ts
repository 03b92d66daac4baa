import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import type { Event, Kind } from '../../src/core/types.ts';
import { advise } from '../../src/replay/advice.ts';
import { compareTrials } from '../../src/replay/comparison.ts';
import { findInnocents, type Innocent } from '../../src/replay/innocents.ts';
import { Trial } from '../../src/replay/trial.ts';
import { failure } from '../core/judging.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 10, 22);
const ATTACKER = '203.0.113.66';
const OFFICE = '198.51.100.7';

const USUAL = 'server.fail2ban.authentication = "5/1d"\nserver.fail2ban.scan = "3/1h"\nserver.fail2ban.login = "off"';

interface Step {
  readonly kind: Kind;
  readonly ip: string;
  readonly login: string | null;
}

function failed(ip: string, login: string | null = null, kind: Kind = 'authentication'): Step {
  return { kind, ip, login };
}

function loggedIn(ip: string, login: string): Step {
  return { kind: 'success', ip, login };
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** The steps, one every minute. */
function tried(toml: string, steps: readonly Step[], every = MINUTE): Trial {
  const trial = new Trial(parseConfig(toml, 'test.toml').config, { keepEvidence: true });
  for (const [index, { ip, ...what }] of steps.entries()) {
    const event: Event = failure(ip, START + index * every, what);
    trial.handle(event, event.time);
  }
  return trial;
}

function onlyInnocent(trial: Trial): Innocent {
  const innocents = findInnocents(trial.banned.values());
  assert.equal(innocents.length, 1, innocents.map(({ subject }) => JSON.stringify(subject)).join(', '));
  return innocents[0] as Innocent;
}

test('what a ban covers is stopped, and counts against nobody', () => {
  const trial = tried(
    `${USUAL}\nserver.fail2ban.login = "8/1d"`.replace('server.fail2ban.login = "off"\n', ''),
    times(20, () => failed(ATTACKER, 'alice')),
  );
  const [banned, ...others] = trial.banned.values();
  assert.deepEqual(others, [], 'alice saw 5 failures, for the others were stopped');
  assert.equal(banned?.bans[0]?.stopped, 15);
  assert.equal(trial.stopped, 15);
  assert.equal(trial.banCount, 1);
});

test('a ban ends, and the next one is longer', () => {
  const trial = tried(
    USUAL,
    times(150, () => failed(ATTACKER, 'alice')),
  );
  const bans = trial.banned.get(ATTACKER)?.bans ?? [];
  assert.deepEqual(
    bans.map(({ ban, stopped }) => [(ban.since - START) / MINUTE, ((ban.until ?? 0) - ban.since) / HOUR, stopped]),
    [
      [4, 1, 59],
      [68, 2, 81],
    ],
  );
});

test('addresses that are never banned are counted by themselves, loopback and trusted proxies among them', () => {
  const trial = tried(`${USUAL}\nserver.allowed-ip = ["198.51.100.0/24"]\nserver.trusted-proxies = ["192.0.2.80"]`, [
    ...times(10, () => failed(OFFICE, 'alice')),
    ...times(10, () => failed('192.0.2.80', 'alice')),
    ...times(10, () => failed('127.0.0.1', 'alice')),
    ...times(10, () => failed('::1', 'alice')),
  ]);
  assert.deepEqual([trial.allowed, trial.banCount], [40, 0]);
});

test('who types the wrong password and then the right one is probably innocent', () => {
  const trial = tried(USUAL, [
    ...times(7, () => failed(OFFICE, 'alice@example.org')),
    loggedIn(OFFICE, 'alice'),
    ...times(70, () => failed(ATTACKER, 'bob')),
    loggedIn(OFFICE, 'alice'),
  ]);
  const innocent = onlyInnocent(trial);
  assert.equal(innocent.case, 'innocent');
  assert.equal(innocent.failures?.total, 5, 'the failures that got it banned, and not those that were stopped');
  assert.deepEqual([innocent.before, innocent.during, innocent.after], [0, 1, 1]);
  assert.deepEqual(innocent.spared, [
    {
      name: 'authentication',
      limit: { count: 5, period: 24 * HOUR, banTime: HOUR },
      proposed: { count: 8, period: 24 * HOUR },
    },
  ]);
});

test('a login that is attacked does not make the attackers innocent', () => {
  const trial = tried(USUAL, [
    loggedIn(OFFICE, 'alice'),
    ...times(10, () => failed(ATTACKER, 'alice')),
    loggedIn(OFFICE, 'alice'),
  ]);
  assert.equal(trial.banned.size, 1);
  assert.deepEqual(findInnocents(trial.banned.values()), []);
});

test('the owner of a banned login that others attack is one whom the ban hurts', () => {
  const trial = tried('server.fail2ban.authentication = "off"\nserver.fail2ban.login = "5/1d"', [
    loggedIn(OFFICE, 'Alice'),
    ...times(6, (index) => failed(`203.0.113.${index}`, 'alice')),
    loggedIn(OFFICE, 'alice'),
  ]);
  const innocent = onlyInnocent(trial);
  assert.deepEqual(innocent.subject, { type: 'login', login: 'alice' });
  assert.equal(innocent.case, 'attacked');
  assert.deepEqual([innocent.before, innocent.during, innocent.after], [1, 1, 0]);
  assert.equal(innocent.bans[0]?.stopped, 1);
  assert.equal(trial.stopped, 0, 'bans of logins stop nobody');
});

test('who gets in after guessing at many logins has perhaps guessed a password', () => {
  const trial = tried(USUAL, [...times(9, (index) => failed(ATTACKER, `user${index}`)), loggedIn(ATTACKER, 'info')]);
  assert.equal(onlyInnocent(trial).case, 'guessed');
});

test('who gets in after very many failures with one login has perhaps guessed its password', () => {
  const steps = [...times(30, () => failed(ATTACKER, 'info')), loggedIn(ATTACKER, 'info')];
  const lenient = USUAL.replace('5/1d', '30/1d');
  assert.equal(onlyInnocent(tried(lenient, steps)).case, 'guessed');
  assert.equal(onlyInnocent(tried(lenient, [loggedIn(ATTACKER, 'info'), ...steps])).case, 'innocent');
});

test('an address where one logs in and another guesses is perhaps shared', () => {
  const trial = tried(USUAL, [loggedIn(OFFICE, 'alice'), ...times(9, (index) => failed(OFFICE, `user${index}`))]);
  assert.equal(onlyInnocent(trial).case, 'shared');
});

test('who is banned for something else than logins, and logs in, is probably innocent', () => {
  const trial = tried(USUAL, [loggedIn(OFFICE, 'alice'), ...times(3, () => failed(OFFICE, null, 'scan'))]);
  const innocent = onlyInnocent(trial);
  assert.deepEqual([innocent.case, innocent.failures, innocent.spared[0]?.name], ['innocent', null, 'scan']);
});

test('logins within one IPv6 prefix belong together', () => {
  const trial = tried(USUAL, [
    loggedIn('2001:db8:1:2::a', 'alice'),
    ...times(5, (index) => failed(`2001:db8:1:2::${index + 1}`, 'alice')),
  ]);
  const innocent = onlyInnocent(trial);
  assert.deepEqual(innocent.subject, { type: 'network', network: '2001:db8:1:2::/64' });
  assert.equal(innocent.case, 'innocent');
});

test('who is more probably innocent comes first', () => {
  const trial = tried(USUAL, [
    loggedIn('198.51.100.1', 'alice'),
    ...times(5, (index) => failed('198.51.100.1', `user${index}`)),
    ...times(5, (index) => failed(ATTACKER, `user${index}`)),
    loggedIn(ATTACKER, 'info'),
    ...times(5, () => failed('198.51.100.2', 'bob')),
    loggedIn('198.51.100.2', 'bob'),
  ]);
  assert.deepEqual(
    findInnocents(trial.banned.values()).map((one) => one.case),
    ['innocent', 'shared', 'guessed'],
  );
});

test('the limit that is proposed spares the innocent, and tells whom else it lets go', () => {
  const steps = [
    ...times(7, () => failed('198.51.100.1', 'alice')),
    loggedIn('198.51.100.1', 'alice'),
    ...times(11, () => failed('198.51.100.2', 'bob')),
    loggedIn('198.51.100.2', 'bob'),
    ...times(10, (index) => failed('203.0.113.1', `user${index}`)),
    ...times(300, (index) => failed('203.0.113.2', `user${index}`)),
  ];
  const trial = tried(USUAL, steps);
  const [advice, ...more] = advise(findInnocents(trial.banned.values()), trial.banned.values());
  assert.deepEqual(more, []);
  assert.deepEqual([advice?.proposed, advice?.spares, advice?.others], [{ count: 12, period: 24 * HOUR }, 2, 1]);
  const changed = tried(USUAL.replace('5/1d', '12/1d'), steps);
  assert.deepEqual([...changed.banned.keys()], ['203.0.113.2']);
});

test('a shorter period is proposed where that changes less', () => {
  // One wrong password every 70 minutes, from a device with an old password.
  const steps = [loggedIn(OFFICE, 'alice'), ...times(60, () => failed(OFFICE, 'alice')), loggedIn(OFFICE, 'alice')];
  const toml = USUAL.replace('5/1d', '20/1d');
  const innocent = onlyInnocent(tried(toml, steps, 70 * MINUTE));
  assert.deepEqual(innocent.spared[0]?.proposed, { count: 20, period: 22 * HOUR });
  assert.equal(tried(toml.replace('20/1d', '20/22h'), steps, 70 * MINUTE).banCount, 0);
});

test('another configuration is compared by whom it bans, and when', () => {
  const steps = [
    ...times(5, () => failed('203.0.113.1')),
    ...times(9, () => failed('203.0.113.2')),
    ...times(3, () => failed('203.0.113.3', null, 'scan')),
    ...times(2, () => failed('203.0.113.4', null, 'scan')),
  ];
  const one = tried(USUAL, steps);
  const other = tried(USUAL.replace('5/1d', '8/1d').replace('3/1h', '2/1h'), steps);
  const { onlyOne, onlyOther, changed, same, otherInnocents } = compareTrials(one, other);
  const subjects = (some: typeof onlyOne): string[] =>
    some.map(({ subject }) => (subject.type === 'address' ? subject.address : ''));
  assert.deepEqual(subjects(onlyOne), ['203.0.113.1']);
  assert.deepEqual(subjects(onlyOther), ['203.0.113.4']);
  assert.deepEqual(subjects(changed), ['203.0.113.2', '203.0.113.3']);
  assert.deepEqual([same, otherInnocents], [0, []]);
  assert.equal(compareTrials(one, one).same, one.banned.size);
});
