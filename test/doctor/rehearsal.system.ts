/** The trial of a ban, with the real firewall programs in a network of its own. Needs root. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundle, ROOT } from '../../packaging/build.ts';
import { rehearse } from '../../src/doctor/rehearsal.ts';
import type { Run } from '../../src/enforce/command.ts';
import { nftables } from '../../src/enforce/firewall/nftables.ts';
import { recording } from '../../src/enforce/firewall/recording.ts';
import { EnforceError } from '../../src/errors.ts';

const now = Date.now;
const by = (policy: { readonly ports: readonly number[]; readonly action: 'drop' | 'reject' }) => async (run: Run) => ({
  enforcer: nftables({ ...policy, ipv6Prefix: 64, run, now, killSockets: false }),
  problem: null,
});
const ruleset = (): string => execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });

test('a ban blocks, by dropping and by rejecting, on some ports and on all, and leaves no trace on this host', async () => {
  const before = ruleset();
  for (const action of ['drop', 'reject'] as const)
    for (const ports of [[25, 143], []])
      assert.deepEqual(await rehearse({ firewall: by({ ports, action }), port: 25, now }), {
        result: 'blocks',
        reason: 'nftables',
      });
  assert.equal(ruleset(), before);
});

test('a firewall that lets everybody through is found out', async () => {
  const firewall = async () => ({ enforcer: recording({ manner: 'would', say: () => {}, now }), problem: null });
  assert.deepEqual(await rehearse({ firewall, port: 25, now }), {
    result: 'leaks',
    reason: 'a banned address was connected',
  });
});

test('a firewall that blocks everybody is found out', async () => {
  const firewall = async (run: Run) => ({
    enforcer: {
      ...recording({ manner: 'would', say: () => {}, now }),
      reset: async () => {
        await run([
          'nft',
          'add table inet x; add chain inet x y { type filter hook prerouting priority 0; policy drop; }',
        ]);
      },
    },
    problem: null,
  });
  const { result, reason } = await rehearse({ firewall, port: 25, now });
  assert.deepEqual([result, reason], ['fails', 'an address that is not banned was blocked']);
});

test('a firewall that cannot be made, or that fails, is told', async () => {
  const idle = recording({ manner: 'would', say: () => {}, now });
  const none = async () => ({ enforcer: idle, problem: 'nothing works' });
  assert.deepEqual(await rehearse({ firewall: none, port: 25, now }), { result: 'untried', reason: 'nothing works' });
  const reset = async () => {
    throw new EnforceError('Cannot run nft', ['nft'], '');
  };
  const failing = async () => ({ enforcer: { ...idle, reset }, problem: null });
  assert.deepEqual(await rehearse({ firewall: failing, port: 25, now }), { result: 'fails', reason: 'Cannot run nft' });
});

test('a ban is tried by the bundled program too', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tailban-rehearsal-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await bundle(join(folder, 'dist'));
  symlinkSync(join(ROOT, 'filters'), join(folder, 'filters'));
  const config = join(folder, 'tailban.toml');
  writeFileSync(config, '[firewall]\nbackend = "nftables"\n');
  const doctor = [process.execPath, join(folder, 'dist/main.js'), 'doctor', '--config', config];
  const { stdout } = spawnSync('unshare', ['--net', ...doctor], { encoding: 'utf8' });
  assert.match(stdout, /A ban was tried in a network of its own, and it blocks \(nftables, /);
});
