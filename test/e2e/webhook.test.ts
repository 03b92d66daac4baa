/** Stalwart's webhook and the daemon: what comes over it is counted once, also when the daemon dies in between. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { smallHost, untilFailures, untilStatus } from '../support/small-host.ts';

const KEY = 'a long enough secret';

test('failures that Stalwart sends are counted once, and a ban follows', async (t) => {
  const port = await freePort();
  const host = await smallHost(
    `[server.fail2ban]\nauthentication = "3/1h"\nlogin = "off"\n[source.stalwart]\nwebhook = "127.0.0.1:${port}"\nkey = "${KEY}"\n`,
  );
  t.after(() => host.remove());
  const event = (id: number) => ({
    id: String(id),
    createdAt: new Date().toISOString(),
    type: 'auth.failed',
    data: {
      listenerId: 'imaptls',
      localPort: 993,
      remoteIp: '198.51.100.9',
      remotePort: 4000 + id,
      accountName: 'bob',
    },
  });
  const post = async (...ids: readonly number[]): Promise<number> => {
    const body = JSON.stringify({ events: ids.map(event) });
    const signature = createHmac('sha256', KEY).update(body).digest('base64');
    const headers = { 'Content-Type': 'application/json', 'X-Signature': signature };
    return (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers })).status;
  };

  const daemon = await host.start();
  const { sources } = await untilStatus(daemon, 'listening', (status) => status.sources[0]?.state === 'reading');
  assert.equal(sources[0]?.origins[0]?.origin, `http://127.0.0.1:${port}`);
  assert.equal(await post(1), 200);
  assert.equal(await post(1, 2), 200);
  await untilFailures(daemon, 2);
  // The checkpoint comes once a second.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await daemon.kill();

  const next = await host.start();
  await untilStatus(next, 'listening', (status) => status.sources[0]?.state === 'reading');
  assert.equal(await post(1, 2), 200);
  assert.deepEqual((await next.api.bans(false)).bans, []);
  assert.equal(await post(2, 3), 200);
  await untilStatus(next, 'a ban', (status) => status.bans.active === 1);
  assert.deepEqual(
    (await next.api.bans(false)).bans.map(({ subject }) => subject),
    ['198.51.100.9'],
  );
});
