import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { adminAddress } from '../../src/cli/admin-address.ts';
import { ban } from '../../src/cli/commands/ban.ts';
import { fakeControl } from '../api/fake-control.ts';
import { serve, temporaryFolder } from '../api/serving.ts';
import { invocation, screen } from './screen.ts';

interface FakeProcess {
  readonly pid: number;
  readonly parent: number;
  /** Null where this user may not look. */
  readonly environment: readonly string[] | null;
}

/** A /proc with these processes. */
async function fakeProc(t: TestContext, processes: readonly FakeProcess[]): Promise<string> {
  const proc = await temporaryFolder(t);
  for (const { pid, parent, environment } of processes) {
    await mkdir(join(proc, String(pid)));
    await writeFile(join(proc, String(pid), 'status'), `Name:\tbash\nPid:\t${pid}\nPPid:\t${parent}\nUid:\t0\n`);
    if (environment !== null) await writeFile(join(proc, String(pid), 'environ'), `${environment.join('\0')}\0`);
  }
  return proc;
}

test('the address is that of the own SSH session', () => {
  const origin = { pid: 1, proc: '/nonexistent' };
  assert.equal(adminAddress({ ...origin, env: { SSH_CONNECTION: '192.0.2.9 5022 203.0.113.10 22' } }), '192.0.2.9');
  assert.equal(adminAddress({ ...origin, env: { SSH_CLIENT: '2001:DB8::9 5022 22' } }), '2001:db8::9');
  assert.equal(adminAddress({ ...origin, env: { SSH_CONNECTION: 'fe80::1%eth0 5022 fe80::2%eth0 22' } }), 'fe80::1');
});

test('under sudo it is found in the environment of a process further up', async (t) => {
  const proc = await fakeProc(t, [
    { pid: 50, parent: 40, environment: ['HOME=/root'] },
    { pid: 40, parent: 30, environment: null },
    {
      pid: 30,
      parent: 1,
      environment: ['A=1', 'NOT_SSH_CONNECTION=198.51.100.1 1 1', 'SSH_CONNECTION=192.0.2.9 5 1 22'],
    },
    { pid: 1, parent: 0, environment: ['SSH_CONNECTION=198.51.100.99 5 1 22'] },
  ]);
  assert.equal(adminAddress({ env: {}, pid: 50, proc }), '192.0.2.9');
});

test('at the console there is none, and neither in a ring of processes', async (t) => {
  const proc = await fakeProc(t, [
    { pid: 50, parent: 40, environment: ['HOME=/root'] },
    { pid: 40, parent: 50, environment: ['SSH_CONNECTION=nonsense'] },
  ]);
  assert.equal(adminAddress({ env: {}, pid: 50, proc }), null);
  assert.equal(adminAddress({ env: { SSH_CONNECTION: '' }, pid: 7, proc }), null);
});

test('a ban tells the daemon where the admin is logged in from', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const { terminal } = screen({ env: { SSH_CONNECTION: '192.0.2.9 5022 203.0.113.10 22' } });
  await ban(invocation(terminal, socketPath), '192.0.2.0/24', { reason: 'test' });
  assert.deepEqual(control.asked, [
    ['ban', { subject: '192.0.2.0/24', force: false, reason: 'test', from: '192.0.2.9' }],
  ]);
});
