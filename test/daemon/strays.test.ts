/** Unbans of what only the firewall knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/api/contract.ts';
import { subjectKey } from '../../src/core/subject.ts';
import type { Change } from '../../src/core/types.ts';
import { heldBy, type Surroundings, unbanStraysToo } from '../../src/daemon/strays.ts';
import type { Logger } from '../../src/log.ts';
import { subject } from '../enforce/bans.ts';
import { FakeEnforcer } from '../enforce/fakes.ts';

/** @param known what is banned; @param held what else the firewall holds */
function setUp(known: readonly string[], held: readonly string[]) {
  const done: string[] = [];
  const logged: string[] = [];
  let looks = 0;
  const around: Surroundings = {
    admin: {
      bans: () => [],
      unban: async (request) => {
        if ('all' in request) return [...known];
        if (known.includes(request.subject)) return [request.subject];
        if (request.subject === '203.0.113.9') throw new Refusal(409, 'banned as part of 203.0.113.0/24');
        throw new Refusal(404, 'unknown');
      },
    },
    guard: {
      carryOut: async (changes: readonly Change[]) => {
        for (const change of changes) if (change.type === 'unban') done.push(subjectKey(change.subject));
      },
    },
    remaining: async () => {
      looks++;
      return held.map((text) => ({ subject: subject(text), until: null }));
    },
    log: { info: (_details: object, message?: string) => void logged.push(message ?? '') } as Surroundings['log'],
  };
  return { around, done, logged, looks: () => looks };
}

test('a known ban is lifted without a look into the firewall', async () => {
  const { around, done, looks } = setUp(['192.0.2.1'], ['192.0.2.7']);
  assert.deepEqual(await unbanStraysToo({ subject: '192.0.2.1' }, around), ['192.0.2.1']);
  assert.deepEqual([done, looks()], [[], 0]);
});

test('an unknown address that the firewall holds is taken out of it, and so is what lies in an unknown network', async () => {
  const { around, done, logged } = setUp([], ['192.0.2.7', '192.0.2.64/28', '198.51.100.1', '2001:db8::/64']);
  assert.deepEqual(await unbanStraysToo({ subject: '192.0.2.7' }, around), ['192.0.2.7']);
  assert.deepEqual(await unbanStraysToo({ subject: '192.0.2.0/24' }, around), ['192.0.2.7', '192.0.2.64/28']);
  assert.deepEqual(await unbanStraysToo({ subject: '2001:db8::/64' }, around), ['2001:db8::/64']);
  assert.deepEqual(done, ['192.0.2.7', '192.0.2.7', '192.0.2.64/28', '2001:db8::/64']);
  assert.equal(logged[0], 'took 192.0.2.7 out of the firewall by hand, which were no bans of tailban');
});

test('what is nowhere, no address, or part of a wider ban is refused as ever', async () => {
  const { around, done } = setUp([], ['198.51.100.1', '203.0.113.9']);
  for (const text of ['192.0.2.7', 'login:alice', 'nonsense', '203.0.113.9'])
    await assert.rejects(unbanStraysToo({ subject: text }, around), Refusal, text);
  assert.deepEqual(done, []);
});

test('an address in a network that the firewall holds is told which one', async () => {
  const { around, done } = setUp([], ['192.0.2.0/24']);
  await assert.rejects(unbanStraysToo({ subject: '192.0.2.7' }, around), (error: Refusal) => {
    assert.equal(error.status, 409);
    assert.match(error.message, /^192\.0\.2\.7 is shut out as part of 192\.0\.2\.0\/24/);
    assert.equal(error.hint, 'tailban unban 192.0.2.0/24 lets all of it in');
    return true;
  });
  assert.deepEqual(done, []);
});

test('unban of all takes out what nobody knows, and names what was lifted once', async () => {
  const { around, done } = setUp(['192.0.2.1'], ['192.0.2.1', '10.99.0.12']);
  assert.deepEqual(await unbanStraysToo({ all: true }, around), ['192.0.2.1', '10.99.0.12']);
  assert.deepEqual(done, ['10.99.0.12']);
});

test('a firewall that is behind is not asked, so nobody waits for one that hangs', async () => {
  const firewall = new FakeEnforcer();
  firewall.remaining = () => assert.fail('it was asked');
  const status = { enforcer: 'fake', logins: null, pending: 0, failingSince: null, lastError: null };
  const log = { error: assert.fail } as unknown as Logger;
  for (const state of [{ pending: 1 }, { failingSince: 1 }])
    assert.deepEqual(await heldBy(firewall, { status: () => ({ ...status, ...state }) }, log), []);
  const held = [{ subject: subject('192.0.2.7'), until: null }];
  firewall.remaining = async () => held;
  assert.deepEqual(await heldBy(firewall, { status: () => status }, log), held);
});
