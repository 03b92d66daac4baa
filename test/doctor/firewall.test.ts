import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubject } from '../../src/core/subject.ts';
import { firewallCheck } from '../../src/doctor/checks/firewall.ts';
import type { Rehearsal, Situation } from '../../src/doctor/situation.ts';
import type { Enforcer } from '../../src/enforce/types.ts';
import { EnforceError } from '../../src/errors.ts';
import { finds, NOW, troubles } from './fake-host.ts';
import { banOf, running } from './running.ts';

/** One that holds these subjects, or fails when asked, and must be told nothing. */
function holding(subjects: readonly string[] | EnforceError): Situation['firewall'] {
  const forbidden = (): never => assert.fail('the doctor changes nothing');
  const enforcer: Enforcer = {
    name: 'nftables',
    logins: null,
    handles: () => true,
    apply: forbidden,
    reset: forbidden,
    intact: forbidden,
    remove: forbidden,
    remaining: async () => {
      if (subjects instanceof EnforceError) throw subjects;
      return subjects.map((text) => ({ subject: parseSubject(text) ?? assert.fail(text), until: null }));
    },
  };
  return { state: 'used', enforcer, why: 'nftables, which works here' };
}
const find = (changes: Partial<Situation>, toml = '') => finds(firewallCheck, {}, toml, changes);
const rehearsed = (result: Rehearsal['result'], reason: string) => ({ rehearse: async () => ({ result, reason }) });

test('a firewall that holds every ban, and blocks where it is tried, is in order', async () => {
  const daemon = running(
    {},
    { bans: [banOf('198.51.100.1'), banOf('2001:db8::/64'), banOf('alice', { type: 'login' })] },
  );
  assert.deepEqual(await find({ daemon, firewall: holding(['198.51.100.1', '2001:db8::/64', '203.0.113.9']) }), [
    'ok: Addresses are banned by nftables, which works here',
    'ok: All 2 bans are in the firewall',
    'ok: A ban was tried in a network of its own, and it blocks (nftables, drop)',
  ]);
});

test('bans that the firewall has lost are a problem, but not those of this very moment, nor those behind a proxy', async () => {
  const lost = running({}, { bans: [banOf('198.51.100.1'), banOf('198.51.100.2')] });
  assert.match(
    troubles(await find({ daemon: lost, firewall: holding(['198.51.100.2']) })),
    /^problem: 1 of 2 bans are not in the firewall: 198\.51\.100\.1\. Does another program flush it\?/,
  );
  const bans = [
    banOf('198.51.100.1', { since: NOW - 100 }),
    banOf('198.51.100.2', { until: NOW + 100 }),
    banOf('198.51.100.3', { behindProxy: true }),
  ];
  assert.equal(troubles(await find({ daemon: running({}, { bans }), firewall: holding([]) })), '');
  assert.equal(
    troubles(
      await find({ daemon: running({ dryRun: true }, { bans: lost.runs ? lost.bans : [] }), firewall: holding([]) }),
    ),
    '',
  );
});

test('a firewall that cannot be asked, or does not work, is a problem', async () => {
  const failing = holding(new EnforceError('Cannot list the bans in the firewall', ['nft'], ''));
  assert.match(troubles(await find({ daemon: running(), firewall: failing })), /^problem: Cannot list the bans/);
  const firewall = { state: 'broken', problem: 'Cannot run nft' } as const;
  assert.match(
    troubles(await find({ firewall })),
    /^problem: Nobody is blocked: Cannot run nft \[as root\] apt-get install nftables/,
  );
});

test('what came out of the trial is told', async () => {
  const firewall = holding([]);
  assert.match(
    troubles(await find({ firewall, ...rehearsed('leaks', 'a banned address was connected') })),
    /^problem: .* does not block: a banned address was connected/,
  );
  assert.match(
    troubles(await find({ firewall, ...rehearsed('fails', 'nft exited with 1') })),
    /^problem: .* that failed: nft exited with 1/,
  );
  assert.equal(
    (await find({ firewall, ...rehearsed('untried', 'no namespace') })).at(-1),
    'note: Whether a ban blocks could not be tried here: no namespace',
  );
});

test('a user who is not root learns what the daemon says', async () => {
  const found = await find({ firewall: { state: 'unseen' }, daemon: running() });
  assert.equal(found[0], 'note: The firewall cannot be looked at by this user; the daemon says that it uses nftables');
});

test('without a firewall somebody else has to refuse, and old rules must not be left', async () => {
  const none = '[firewall]\nbackend = "none"';
  assert.match(troubles(await find({}, none)), /^warning: Bans are only recorded.* backend = "auto"$/);
  assert.match(
    (await find({}, `${none}\n[postfix.policy]\nlisten = "127.0.0.1:10031"`)).join(),
    /^note: No firewall is used .* refused by Postfix$/,
  );
  const commands = { 'nft list table inet tailban': 'table inet tailban {\n}\n' };
  const left = troubles(await finds(firewallCheck, { commands }, '[server.fail2ban]\nenabled = false'));
  assert.match(
    left,
    /^warning: A firewall table of tailban is left over and still blocks .* nft delete table inet tailban$/,
  );
});
