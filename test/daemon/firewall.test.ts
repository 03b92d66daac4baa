/** What is put in the place of a firewall that is not to be used, without touching any. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigFiles } from '../../src/config/load.ts';
import { chooseFirewall } from '../../src/daemon/firewall.ts';
import type { Run } from '../../src/enforce/command.ts';
import { ban } from '../enforce/bans.ts';

const NOW = 1_000_000;

/** A host on which every firewall works, and says nothing. */
async function choose(toml: string, isDryRun = false) {
  const said: string[] = [];
  const ran: string[] = [];
  const run: Run = async (argv) => {
    ran.push(argv.join(' '));
    return { exitCode: 0, stdout: '', stderr: '' };
  };
  const log = { info: (text: unknown) => said.push(String(text)), warn: (text: unknown) => said.push(String(text)) };
  const { config } = parseConfigFiles([{ path: 'tailban.toml', text: toml }]);
  return { ...(await chooseFirewall(config, isDryRun, log as never, () => NOW, run)), said, ran };
}

test('only a dry run is called one; where the firewall is off, bans are said to be only recorded', async () => {
  for (const [toml, isDryRun, why, words] of [
    ['', true, 'dry run', 'Dry run: would ban'],
    ['[firewall]\nbackend = "none"', false, 'firewall.backend is "none"', 'No firewall, only recorded: ban'],
    ['[server.fail2ban]\nenabled = false', false, 'tailban is switched off', 'Switched off, only recorded: ban'],
  ] as const) {
    const { enforcer, said, ...choice } = await choose(toml, isDryRun);
    assert.deepEqual([choice.state, choice.why], ['off', `${why}: nothing is blocked`]);
    await enforcer.apply([ban('192.0.2.9', NOW + 3_600_000)]);
    assert.deepEqual(said, [`${words} 192.0.2.9 for 1h: a test`]);
  }
});

test('choosing only looks, whatever is chosen', async () => {
  for (const toml of ['', '[firewall]\nbackend = "none"', '[server.fail2ban]\nenabled = false']) {
    const { ran, said } = await choose(toml);
    assert.deepEqual(ran, ['nft list tables', 'iptables -V', 'iptables-save', 'ipset -name list'], toml);
    assert.deepEqual(said, []);
  }
});

test('what may be left over of all firewalls is removed at once where none is used, and never by a dry run', async () => {
  const others = async (toml: string, isDryRun = false) =>
    (await choose(toml, isDryRun)).others.map(({ name }) => name).sort();
  const none = '[firewall]\nbackend = "none"';
  assert.deepEqual(await others(none), ['firewalld', 'iptables', 'nftables', 'ufw']);
  assert.deepEqual(await others('[server.fail2ban]\nenabled = false'), await others(none));
  assert.deepEqual(await others(none, true), []);
  assert.deepEqual(await others(''), [], 'nftables removes them itself, when it holds all bans');
});
