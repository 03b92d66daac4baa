/** Which firewall is taken on which host, and why. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pickFirewall, problemWith } from '../../src/enforce/firewall/pick.ts';
import type { Survey } from '../../src/enforce/firewall/survey.ts';

const WHOLE: Survey = { nftables: null, iptables: null, variant: 'nft', owners: [], families: [4, 6] };
const NO_NFT = 'Cannot run nft: no such program was found';

test('nftables goes first, whoever else owns rules', () => {
  assert.deepEqual(pickFirewall(WHOLE), { backend: 'nftables', why: 'nftables, which works here' });
  const { backend, why } = pickFirewall({ ...WHOLE, owners: ['firewalld', 'Docker'] });
  assert.equal(backend, 'nftables');
  assert.match(why, /rules of firewalld and Docker are left alone/);
});

test('without nftables it is iptables, or firewalld where that owns the rules', () => {
  const old: Survey = { ...WHOLE, nftables: NO_NFT, variant: 'legacy' };
  assert.equal(pickFirewall(old).why, `iptables (legacy) with ipset. ${NO_NFT}`);
  assert.equal(pickFirewall({ ...old, owners: ['ufw', 'Docker'] }).backend, 'iptables');
  assert.equal(pickFirewall({ ...old, owners: ['firewalld'] }).backend, 'firewalld');
});

test('where nothing works both reasons are told', () => {
  const bare: Survey = { ...WHOLE, nftables: NO_NFT, iptables: 'Cannot run ipset', variant: null };
  assert.deepEqual(pickFirewall(bare), {
    backend: null,
    why: `no firewall can be used (${NO_NFT}; Cannot run ipset)`,
  });
});

test('a backend that was asked for is told why it cannot work', () => {
  assert.equal(problemWith('iptables', { ...WHOLE, nftables: NO_NFT }), null);
  assert.equal(problemWith('nftables', { ...WHOLE, nftables: NO_NFT }), NO_NFT);
  assert.equal(problemWith('ufw', { ...WHOLE, owners: ['ufw'] }), null);
  assert.match(problemWith('ufw', { ...WHOLE, owners: ['firewalld'] }) ?? '', /^ufw is not active here/);
  assert.equal(problemWith('firewalld', { ...WHOLE, iptables: 'Cannot run ipset' }), 'Cannot run ipset');
});
