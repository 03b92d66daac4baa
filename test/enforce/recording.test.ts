/** What stands in the place of a firewall: it says what would happen and keeps up appearances. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recording } from '../../src/enforce/firewall/recording.ts';
import { ban, banOf, subject, unban } from './bans.ts';

function setUp() {
  const said: string[] = [];
  const clock = { time: 1_000_000 };
  return {
    said,
    clock,
    enforcer: recording({ manner: 'Dry run: would', say: (text) => said.push(text), now: () => clock.time }),
  };
}

test('it says what a firewall would be told, and nothing about what changes nothing', async () => {
  const { said, enforcer } = setUp();
  await enforcer.reset([banOf('192.0.2.1'), banOf('192.0.2.9', 999_999)]);
  await enforcer.apply([ban('192.0.2.2', 4_600_000), ban('2001:db8::/64'), unban('192.0.2.1'), unban('192.0.2.7')]);
  await enforcer.apply([ban('192.0.2.3', 1_000_000)]);
  await enforcer.remove();
  assert.deepEqual(said, [
    'Dry run: would hold 1 ban',
    'Dry run: would ban 192.0.2.2 for 1h: a test',
    'Dry run: would ban 2001:db8::/64 for good: a test',
    'Dry run: would unban 192.0.2.1',
    'Dry run: would remove all bans',
  ]);
});

test('it remembers what it was told until that ends', async () => {
  const { clock, enforcer } = setUp();
  await enforcer.reset([banOf('192.0.2.1'), banOf('192.0.2.2', 1_500_000)]);
  await enforcer.apply([ban('192.0.2.3', 1_600_000), ban('192.0.2.1', 1_700_000)]);
  clock.time = 1_550_000;
  assert.deepEqual(await enforcer.remaining(), [
    { subject: subject('192.0.2.1'), until: 1_700_000 },
    { subject: subject('192.0.2.3'), until: 1_600_000 },
  ]);
  assert.equal(await enforcer.intact(), true);
  await enforcer.remove();
  assert.deepEqual(await enforcer.remaining(), []);
});

test('it has nothing to do with logins', () => {
  const { enforcer } = setUp();
  assert.equal(enforcer.handles(subject('login:alice')), false);
  assert.equal(enforcer.handles(subject('192.0.2.1')), true);
  assert.equal(enforcer.handles(subject('192.0.2.0/24')), true);
});
