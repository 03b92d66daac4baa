/** `tailban explain` beside a running daemon: what it counts, whom it has banned, and its sources as they are read. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fails, type SmallHost, smallHost, untilFailures, untilStatus } from '../support/small-host.ts';

const CONFIG = `[server.fail2ban]
authentication = "3/1h"
login = "off"
[source.mail]
files = ["FOLDER/mail.log"]
filter = ["postfix"]
`;

async function hostOf(t: TestContext): Promise<SmallHost> {
  const host = await smallHost(CONFIG);
  t.after(() => host.remove());
  await host.write('mail.log');
  return host;
}

test('the daemon tells how close an address is, and then why it is banned', async (t) => {
  const host = await hostOf(t);
  const daemon = await host.start();
  await host.write('mail.log', ...fails(host, '198.51.100.30', 2));
  await untilFailures(daemon, 2);
  const near = await host.command('explain', '198.51.100.30');
  assert.equal(near.code, 0, near.stderr);
  assert.match(near.stdout, /^198\.51\.100\.30 is not banned, it has 2 of the 3 authentication failures that ban it\n/);
  assert.match(near.stdout, /authentication {2}2 of 3 in 1h, the oldest leaves in \S+; 1 more and it is banned/);
  await host.write('mail.log', ...fails(host, '198.51.100.30', 1));
  await untilStatus(daemon, 'the ban', ({ bans }) => bans.active === 1);
  const banned = await host.command('explain', '198.51.100.30');
  assert.match(banned.stdout, /^198\.51\.100\.30 is banned\n {2}why {9}3 failed logins/);
  assert.match(banned.stdout, /Lines that led to the ban\n.*SASL/);
  const json = JSON.parse((await host.command('explain', '198.51.100.0/24', '--json')).stdout);
  assert.equal(json.withinCount, 1);
});

test('the last lines of a source are explained with what the daemon has counted by now', async (t) => {
  const host = await hostOf(t);
  const daemon = await host.start();
  await host.write('mail.log', ...fails(host, '198.51.100.31', 2));
  await untilFailures(daemon, 2);
  const { code, stdout, stderr } = await host.command(
    ...['explain', '--source', 'mail', '--last', '3', '--config', host.path('tailban.toml')],
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Line 1\n.*\nLine 3\n/s);
  assert.doesNotMatch(stdout, /^Line 4$/m);
  assert.match(stdout, /In the daemon now\n {2}198\.51\.100\.31: authentication 2 of 3 in 1h/);
});
