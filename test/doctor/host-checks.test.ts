import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNetwork } from '../../src/core/ip.ts';
import { adminCheck } from '../../src/doctor/checks/admin.ts';
import { clockCheck } from '../../src/doctor/checks/clock.ts';
import { ipv6Check } from '../../src/doctor/checks/ipv6.ts';
import { neighboursCheck } from '../../src/doctor/checks/neighbours.ts';
import { serviceCheck } from '../../src/doctor/checks/service.ts';
import { ended, type FakeHost, finds, troubles } from './fake-host.ts';
import { banOf, running } from './running.ts';

const SHOW =
  'systemctl show tailban.service --property=LoadState,ActiveState,UnitFileState,Result,NRestarts,NoNewPrivileges,ProtectSystem';
const UNIT = {
  LoadState: 'loaded',
  ActiveState: 'active',
  UnitFileState: 'enabled',
  Result: 'success',
  NRestarts: '0',
  NoNewPrivileges: 'yes',
  ProtectSystem: 'strict',
};
const unit = (changes: Partial<typeof UNIT> = {}): FakeHost => ({
  commands: {
    [SHOW]: Object.entries({ ...UNIT, ...changes })
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  },
});

test('a service that is enabled, confined and has not been restarted is in order', async () => {
  assert.deepEqual(await finds(serviceCheck, unit()), [
    'ok: Node.js 26.10.0 runs it',
    'ok: tailban.service is started at boot',
  ]);
});

test('a service that is not enabled, has failed, was restarted or is not confined is found', async () => {
  assert.match(
    troubles(await finds(serviceCheck, unit({ UnitFileState: 'disabled' }))),
    /^warning: .* not started at boot \(it is disabled\) \[as root\] systemctl enable tailban$/,
  );
  assert.match(
    troubles(await finds(serviceCheck, unit({ ActiveState: 'failed', Result: 'watchdog' }))),
    /^problem: tailban\.service has failed \(watchdog\)/,
  );
  assert.match(
    troubles(await finds(serviceCheck, unit({ NRestarts: '3' }))),
    /^warning: systemd had to restart tailban 3 times/,
  );
  assert.match(
    (await finds(serviceCheck, unit({ ProtectSystem: 'no' }))).at(-1) ?? '',
    /^note: tailban\.service is not confined/,
  );
});

test('without systemd, or without a unit, the boot is left to the admin', async () => {
  assert.match((await finds(serviceCheck, {})).at(-1) ?? '', /^note: systemd is not there or does not answer/);
  assert.match(
    (await finds(serviceCheck, { commands: { [SHOW]: ended(1, 'Failed to connect to bus') } })).at(-1) ?? '',
    /^note: systemd is not there/,
  );
  assert.equal(
    (await finds(serviceCheck, unit({ LoadState: 'not-found' }))).at(-1),
    'note: There is no unit tailban.service',
  );
});

test('a runtime that is too old is a problem', async () => {
  assert.match(
    troubles(await finds(serviceCheck, { ...unit(), runtime: '20.19.0' })),
    /^problem: Node\.js 20\.19\.0 is too old/,
  );
});

test('the clock is asked of timedatectl, else of chrony', async () => {
  assert.match(
    (await finds(clockCheck, { commands: { 'timedatectl show': 'NTP=yes\nNTPSynchronized=yes\n' } })).join(),
    /^ok: The clock is synchronised/,
  );
  assert.match(
    troubles(await finds(clockCheck, { commands: { 'timedatectl show': 'NTPSynchronized=no\n' } })),
    /^warning: The clock is not synchronised: .* timedatectl set-ntp true/,
  );
  assert.match(
    (await finds(clockCheck, { commands: { 'chronyc -n tracking': 'Leap status     : Normal\n' } })).join(),
    /^ok:/,
  );
  assert.match(
    troubles(await finds(clockCheck, { commands: { 'chronyc -n tracking': 'Leap status     : Not synchronised\n' } })),
    /^warning:/,
  );
  assert.match((await finds(clockCheck, {})).join(), /^note: Whether the clock is synchronised is not known/);
});

test('fail2ban and others beside us are told, but not those in containers', async () => {
  assert.deepEqual(await finds(neighboursCheck, { processes: ['systemd', 'container:crowdsec'] }), [
    'ok: No other program that bans runs beside tailban',
  ]);
  const found = await finds(neighboursCheck, { processes: ['fail2ban-server', 'crowdsec'] });
  assert.match(
    found[0] ?? '',
    /^note: fail2ban runs too: .* tailban import --for 1h \| systemctl disable --now fail2ban$/,
  );
  assert.match(found[1] ?? '', /^note: CrowdSec runs too: .*\[as root\] systemctl disable --now crowdsec$/);
});

test('with IPv6, addresses of one /64 should count together', async () => {
  const files = {
    '/proc/net/if_inet6':
      '00000000000000000000000000000001 01 80 10 80 lo\n20010db8000000000000000000000001 02 40 00 80 eth0\n',
  };
  assert.match((await finds(ipv6Check, { files })).join(), /^ok: .* banned as \/64 networks$/);
  assert.match((await finds(ipv6Check, { files }, '[server]\nipv6-prefix = 128')).join(), /^note: .*ipv6-prefix = 64$/);
  assert.deepEqual(
    await finds(ipv6Check, { files: { '/proc/net/if_inet6': '00000000000000000000000000000001 01 80 10 80 lo\n' } }),
    [],
  );
  assert.deepEqual(await finds(ipv6Check, {}), []);
});

test('an admin learns that his own address is banned, could be, or never is', async () => {
  const adminAddress = '192.0.2.7';
  const banned = running({}, { bans: [banOf('198.51.100.0/24'), banOf('192.0.2.0/24')] });
  assert.match(
    troubles(await finds(adminCheck, { adminAddress }, '', { daemon: banned })),
    /^problem: You are logged in from 192\.0\.2\.7, which is banned .* tailban unban 192\.0\.2\.0\/24 \| tailban allow 192\.0\.2\.7 --note admin$/,
  );
  assert.match(
    (await finds(adminCheck, { adminAddress }, '', { daemon: running() })).join(),
    /^note: .* could be banned .*tailban allow 192\.0\.2\.7/,
  );
  assert.match(
    (await finds(adminCheck, { adminAddress }, '', { daemon: running({}, { allowed: ['192.0.2.0/24'] }) })).join(),
    /^ok:/,
  );
  assert.match((await finds(adminCheck, { adminAddress }, '[server]\nallowed-ip = ["192.0.2.7"]')).join(), /^ok:/);
  assert.match((await finds(adminCheck, { adminAddress }, '[server]\ntrusted-proxies = ["192.0.2.7"]')).join(), /^ok:/);
  const own = [[parseNetwork('192.0.2.7') ?? assert.fail(), 'own address on eth0']] as const;
  assert.match((await finds(adminCheck, { adminAddress }, '', { own })).join(), /^ok:/);
  assert.deepEqual(await finds(adminCheck, {}), []);
});
