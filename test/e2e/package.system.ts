/**
 * The Debian package on a Debian of its own with a real systemd: installed beside Postfix and Dovecot, which log to the
 * journal only, attacked, reloaded, killed, frozen, rebooted, upgraded, and purged. Needs root, debootstrap and
 * systemd-nspawn.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Container } from '../support/container.ts';
import { until } from '../support/daemon.ts';
import { mailContainer, Outside, type Release } from '../support/mail-container.ts';
import { type NetworkPair, networkPair, SERVER4 } from '../support/netns.ts';

const PACKAGING = join(import.meta.dirname, '../../packaging/package.ts');
const CONFINED = fileURLToPath(new URL('../support/confined.ts', import.meta.url));
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';
const RELEASES: readonly Release[] = ['bookworm', 'trixie'];
const LIMITS = '[server.fail2ban]\nauthentication = "3/1h"\nban-time = "1h"\n';
const DENY_FILE = '/etc/dovecot/tailban/deny';
const DROP_IN = '/etc/tailban/tailban.d/50-test.toml';

const folder = mkdtempSync(join(tmpdir(), 'tailban-package-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Builds a package in a folder of its own; gives its path. */
function build(into: string, options: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const target = join(folder, into);
  const args = [PACKAGING, '--quick', '--folder', target, ...options];
  const output = execFileSync(process.execPath, args, {
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000', ...env },
    encoding: 'utf8',
  });
  return output.trim().split('\n').at(-1) ?? '';
}

const first = build('first', ['--arch', ARCHITECTURE, '--form', 'deb']);
const second = build('second', ['--arch', ARCHITECTURE, '--form', 'deb', '--version', '99.0.0']);
const archive = build('archive', ['--arch', ARCHITECTURE, '--form', 'tar']);

test('the same sources make the same package, whoever builds it', () => {
  const umask = process.umask(0o077);
  try {
    const again = build('again', ['--arch', ARCHITECTURE, '--form', 'deb'], { TZ: 'Asia/Tokyo', LC_ALL: 'C' });
    assert.notEqual(again, first);
    assert.ok(readFileSync(again).equals(readFileSync(first)));
  } finally {
    process.umask(umask);
  }
});

test('a package for the other architecture brings the other runtime', () => {
  const [other, machine] = ARCHITECTURE === 'amd64' ? (['arm64', 0xb7] as const) : (['amd64', 0x3e] as const);
  const file = build('other', ['--arch', other, '--form', 'deb']);
  const unpacked = join(folder, 'unpacked');
  execFileSync('dpkg-deb', ['-x', file, unpacked]);
  assert.equal(execFileSync('dpkg-deb', ['-f', file, 'Architecture'], { encoding: 'utf8' }), `${other}\n`);
  const runtime = join(
    unpacked,
    `usr/lib/tailban/node_modules/node-linux-${other === 'amd64' ? 'x64' : other}/bin/node`,
  );
  // e_machine in the header of an ELF file (elf(5)).
  assert.equal(readFileSync(runtime).readUInt16LE(18), machine);
});

for (const release of RELEASES) {
  describe(release, () => {
    let net: NetworkPair;
    let outside: Outside;
    let host: Container;
    let imapAttacker = '';
    let smtpAttacker = '';
    /** What became of the knocking of who is banned, at the port that he attacked. */
    let knocking: () => readonly string[] = () => [];

    before(async () => {
      net = await networkPair();
      outside = new Outside(net);
      host = mailContainer(release, net);
      await host.boot();
    });
    after(async () => {
      outside.stop();
      await host.remove();
      await net.remove();
    });

    const show = async (property: string): Promise<string> =>
      (await host.ok('systemctl', 'show', '--value', '-p', property, 'tailban')).trim();
    const status = async () => JSON.parse(await host.ok('tailban', 'status', '--json'));
    const inKernel = async (address: string): Promise<boolean> =>
      (await host.run('nft', 'get', 'element', 'inet', 'tailban', 'address4', `{ ${address} }`)).exitCode === 0;
    const untilBanned = (address: string): Promise<void> => until(`the ban of ${address}`, () => inKernel(address));
    const untilActive = (pidBefore: string): Promise<void> =>
      until(
        'another daemon',
        async () => (await show('ActiveState')) === 'active' && (await show('MainPID')) !== pidBefore,
        30_000,
      );
    const install = async (file: string): Promise<string> => {
      const name = basename(file);
      execFileSync('cp', [file, join(host.root, 'root', name)]);
      return await host.ok('dpkg', '-i', `/root/${name}`);
    };
    /** Two of three failures before something happens, the third one after it: only who forgets nothing bans. */
    const remembers = async (what: () => Promise<unknown>): Promise<void> => {
      const address = outside.address();
      await outside.guess('imap', address, 2);
      await what();
      assert.equal(await inKernel(address), false);
      await outside.guess('imap', address, 1);
      await untilBanned(address);
    };

    test('installing asks nothing, and the service is ready, hardened, and reads the journal', async () => {
      await install(first);
      assert.equal(await show('ActiveState'), 'active');
      assert.equal(await show('UnitFileState'), 'enabled');
      const { sources, problems } = await status();
      assert.deepEqual([sources.map(({ name }: { name: string }) => name), problems], [['journal'], []]);
      assert.match(await show('StatusText'), /^0 bans in force/);
      assert.match(await host.ok('nft', 'list', 'table', 'inet', 'tailban'), /hook prerouting/);
      // 15 is an exposure of 1.5.
      await host.ok('systemd-analyze', 'security', '--threshold=15', 'tailban');
      assert.equal(await host.ok('stat', '-c', '%a %U:%G', '/run/tailban/tailban.sock'), '660 tailban:tailban');
      assert.equal(await host.ok('stat', '-c', '%a %U:%G', '/etc/tailban/tailban.toml'), '640 root:tailban');
      assert.equal(await host.ok('stat', '-c', '%a %U:%G', '/var/lib/tailban/tailban.db'), '600 tailban:tailban');
    });

    test('a reload brings new limits into force, and attackers over SMTP and IMAP are banned out of the journal', async () => {
      host.write(DROP_IN, LIMITS);
      await host.ok('systemctl', 'reload', 'tailban');
      imapAttacker = outside.address();
      smtpAttacker = outside.address();
      assert.match((await outside.guess('imap', imapAttacker, 3)).join('\n'), /^a NO .*\na NO .*\na NO /);
      assert.match((await outside.guess('smtp', smtpAttacker, 3)).join('\n'), /^535 .*\n535 .*\n535 /);
      await untilBanned(imapAttacker);
      await untilBanned(smtpAttacker);
      assert.equal(await net.probe({ from: imapAttacker, to: SERVER4, port: 143 }), 'timeout');
      assert.equal(await net.probe({ from: smtpAttacker, to: SERVER4, port: 25 }), 'timeout');
      assert.equal(await net.probe({ from: outside.address(), to: SERVER4, port: 143 }), 'connected');
      knocking = outside.knock(imapAttacker, 143);
    });

    test('a reload with a broken configuration fails, says where, and changes nothing', async () => {
      host.write(DROP_IN, `${LIMITS}maxretry = 3\n`);
      assert.notEqual((await host.run('systemctl', 'reload', 'tailban')).exitCode, 0);
      assert.match(await host.ok('journalctl', '-u', 'tailban', '-o', 'cat'), /50-test\.toml:4:1: Unknown setting/);
      assert.equal(await show('ActiveState'), 'active');
      host.write(DROP_IN, LIMITS);
    });

    test('reload, restart, kill -9 and a frozen process lose nothing', async () => {
      await remembers(() => host.ok('systemctl', 'reload', 'tailban'));
      await remembers(() => host.ok('systemctl', 'restart', 'tailban'));
      await remembers(async () => {
        const pid = await show('MainPID');
        await host.ok('systemctl', 'kill', '--kill-who=main', '-s', 'KILL', 'tailban');
        await untilActive(pid);
      });
      host.write('/etc/systemd/system/tailban.service.d/watchdog.conf', '[Service]\nWatchdogSec=3s\n');
      await host.ok('systemctl', 'daemon-reload');
      await host.ok('systemctl', 'restart', 'tailban');
      const meanwhile = outside.address();
      await remembers(async () => {
        const pid = await show('MainPID');
        await host.ok('systemctl', 'kill', '--kill-who=main', '-s', 'STOP', 'tailban');
        await outside.guess('imap', meanwhile, 3);
        await untilActive(pid);
      });
      await untilBanned(meanwhile);
      assert.equal(await show('NRestarts'), '1');
      assert.match(await host.ok('journalctl', '-u', 'tailban', '-o', 'cat'), /Watchdog timeout/);
      assert.deepEqual(knocking(), ['silence']);
    });

    test('the service is confined, seen from a program in its place', async () => {
      const runtime = (await host.ok('readlink', `/proc/${await show('MainPID')}/exe`)).trim();
      const unit = host
        .read('/usr/lib/systemd/system/tailban.service')
        .replace(/^Type=.*/m, 'Type=oneshot')
        .replace(/^(?:WatchdogSec|Restart|RestartSec|ExecReload|RuntimeDirectory)=.*\n/gm, '')
        .replace(/^ExecStart=.*/m, `ExecStart=${runtime} /opt/confined.mts`);
      host.write('/etc/systemd/system/confined.service', unit);
      host.write('/opt/confined.mts', readFileSync(CONFINED, 'utf8'));
      host.write('/var/log/confined.log', '', 0o640);
      await host.ok('chgrp', 'adm', '/var/log/confined.log');
      await host.ok('touch', '/tmp/of-the-host');
      await host.ok('systemctl', 'daemon-reload');
      await host.ok('systemctl', 'start', 'confined');
      const said = await host.ok('journalctl', '-u', 'confined', '-o', 'cat');
      const { possible } = JSON.parse(said.split('\n').find((line) => line.startsWith('{')) ?? '{}');
      assert.deepEqual(possible, ['its state', 'the journal', 'the logs', 'nft', 'nft again', 'ss'], said);
    });

    test('after a reboot the bans are in force before the mail ports open', async () => {
      await host.powerOff();
      // The namespace outlives the container, as no kernel does.
      await net.serverRun(['nft', 'flush', 'ruleset']);
      await until('a closed port', () => knocking().at(-1) === 'ECONNREFUSED');
      const innocent = outside.knock(outside.address(), 143);
      await host.boot();
      await until('an open port', () => innocent().at(-1) === 'connected');
      assert.deepEqual(knocking().slice(-2), ['ECONNREFUSED', 'silence']);
      assert.equal(await inKernel(smtpAttacker), true);
    });

    test('an upgrade keeps bans and counters, and lets nobody through', async () => {
      const before = knocking().length;
      const pid = await show('MainPID');
      await remembers(() => install(second));
      assert.notEqual(await show('MainPID'), pid);
      assert.match(await host.ok('dpkg', '-s', 'tailban'), /^Version: 99\.0\.0$/m);
      assert.equal(await inKernel(imapAttacker), true);
      assert.deepEqual(knocking().slice(before), []);
      assert.equal(host.read(DROP_IN), LIMITS);
    });

    test('flush lets everybody in while the service is stopped, and the next start shuts them out again', async () => {
      await host.ok('install', '-d', '-o', 'tailban', '-g', 'dovecot', '-m', '2750', dirname(DENY_FILE));
      host.write(DROP_IN, `${LIMITS}[dovecot.deny-file]\npath = "${DENY_FILE}"\n`);
      // Not only reloaded: the folder has to be let into what the service sees.
      await host.ok('systemctl', 'restart', 'tailban');
      await host.ok('tailban', 'ban', '--login', 'alice');
      assert.equal(await host.ok('stat', '-c', '%a %U:%G', DENY_FILE), '640 tailban:dovecot');
      assert.match(host.read(DENY_FILE), /^alice:/m);
      await host.ok('systemctl', 'stop', 'tailban');
      assert.equal(await inKernel(imapAttacker), true);
      await host.ok('tailban', 'flush');
      assert.equal(await host.ok('nft', 'list', 'ruleset'), '');
      assert.equal(existsSync(join(host.root, DENY_FILE)) && host.read(DENY_FILE).includes('alice'), false);
      await host.ok('systemctl', 'start', 'tailban');
      assert.equal(await inKernel(imapAttacker), true);
      assert.match(host.read(DENY_FILE), /^alice:/m);
    });

    test('a start with a broken configuration is not tried again, and the bans hold', async () => {
      host.write(DROP_IN, 'nonsense\n');
      assert.notEqual((await host.run('systemctl', 'restart', 'tailban')).exitCode, 0);
      assert.deepEqual(
        [await show('ActiveState'), await show('ExecMainStatus'), await show('NRestarts')],
        ['failed', '78', '0'],
      );
      assert.equal(await inKernel(imapAttacker), true);
      host.write(DROP_IN, LIMITS);
      await host.ok('systemctl', 'start', 'tailban');
    });

    test('purge leaves nothing', async () => {
      await host.ok('dpkg', '--purge', 'tailban');
      assert.equal(await host.ok('nft', 'list', 'ruleset'), '');
      assert.equal((await host.run('getent', 'passwd', 'tailban')).exitCode, 2);
      assert.equal((await host.run('getent', 'group', 'tailban')).exitCode, 2);
      // What the test has put there itself.
      host.chroot('sh', '-c', 'rm -r /root/*.deb /etc/systemd/system/tailban.service.d /etc/dovecot/tailban');
      assert.equal(await host.ok('find', '/', '-xdev', '-name', '*tailban*'), '');
      assert.equal(await net.probe({ from: imapAttacker, to: SERVER4, port: 143 }), 'connected');
    });

    test('the tarball installs, upgrades and removes the same service', async () => {
      execFileSync('tar', ['-xf', archive, '-C', join(host.root, 'root'), '--strip-components=1']);
      await host.ok('/root/install.sh');
      assert.equal(await show('ActiveState'), 'active');
      const [pid, address] = [await show('MainPID'), outside.address()];
      await host.ok('/usr/local/sbin/tailban', 'ban', address);
      await host.ok('/root/install.sh');
      assert.notEqual(await show('MainPID'), pid);
      assert.equal(await inKernel(address), true);
      await host.ok('/root/uninstall.sh', '--purge');
      assert.equal(await host.ok('nft', 'list', 'ruleset'), '');
      assert.equal(await host.ok('find', '/', '-xdev', '-name', '*tailban*', '-not', '-path', '/root/*'), '');
    });
  });
}
