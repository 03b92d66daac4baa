/**
 * What happens when the database cannot be written: bans go on, with real packets; what is lost and how it comes back is
 * what docs/failures.md says. Needs root.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DaemonProcess, startDaemonProcess, until } from '../support/daemon.ts';
import { breakableDisk, fillUp, mountMemory, remount, unmount } from '../support/disk.ts';
import { type GuardedHost, guardedHost, PORT, untilKernel } from '../support/guarded-host.ts';
import { wrongSubmission } from '../support/mail-lines.ts';
import { CLIENT4, SERVER4 } from '../support/netns.ts';

const [ATTACKER, OTHER, THIRD] = CLIENT4;
const SETTINGS = 'authentication = "3/10m"\nlogin = "off"\nban-time = "1h"\n';
/** sysexits(3); systemd starts it again. */
const CANNOT_CREATE = 73;

/** A host whose database lies on a disk of its own. */
async function hostWithDisk(t: TestContext): Promise<{ host: GuardedHost; disk: string }> {
  const host = await guardedHost(SETTINGS);
  const disk = join(host.folder, 'disk');
  t.after(() => {
    unmount(disk);
    return host.remove();
  });
  const config = join(host.folder, 'tailban.toml');
  const text = await readFile(config, 'utf8');
  await writeFile(config, text.replace(host.store, join(disk, 'tailban.db')));
  await host.net.serve(PORT);
  return { host, disk };
}

function attack(host: GuardedHost, ip: string, times = 3): Promise<void> {
  return host.write(
    ...Array.from({ length: times }, (_, n) => wrongSubmission(host.numbers, ip, `u${n}@x.org`)).flat(),
  );
}

/** Many who fail once: more to keep than what SQLite has room for in what it has already. */
async function crowd(host: GuardedHost, network: number): Promise<void> {
  const bodies = Array.from({ length: 4_000 }, (_, n) =>
    wrongSubmission(host.numbers, `198.${network}.${n >> 8}.${n & 255}`, `c${n}@x.org`),
  );
  await host.write(...bodies.flat());
}

async function storeProblem(daemon: DaemonProcess): Promise<boolean> {
  return (await daemon.api.status()).problems.some((problem) => problem.startsWith('The store cannot be written'));
}

test('on a full disk bans go on, and are kept once there is room again', async (t) => {
  const { host, disk } = await hostWithDisk(t);
  // Room for the crowd, both in the write-ahead log and in the database.
  mountMemory(disk, 8);
  let daemon = await host.start();
  await attack(host, ATTACKER);
  await untilKernel(host, ATTACKER);
  const makeRoom = fillUp(disk);
  await crowd(host, 18);
  await daemon.says(/the store cannot be written .*; bans go on, and are written when it works again/);
  assert.ok(await storeProblem(daemon));
  await attack(host, OTHER);
  await untilKernel(host, OTHER);
  assert.equal(await host.net.probe({ from: OTHER, to: SERVER4, port: PORT, timeout: 500 }), 'timeout');
  assert.match(await host.admin('ban', THIRD, '--permanent'), /Banned 192\.0\.2\.200/);
  assert.equal(await host.net.probe({ from: THIRD, to: SERVER4, port: PORT, timeout: 500 }), 'timeout');
  assert.match(await host.admin('status'), /The store cannot be written/);
  await makeRoom();
  await daemon.says(/the store can be written again/);
  await until('no problem', async () => !(await storeProblem(daemon)));
  await daemon.kill();
  daemon = await host.start();
  assert.deepEqual(
    (await daemon.api.bans(false)).bans.map(({ subject }) => subject).sort(),
    [ATTACKER, OTHER, THIRD],
    'nothing is forgotten that was decided meanwhile',
  );
});

test('killed on a full disk, what was not stored is read out of the log once more when there is room', async (t) => {
  const { host, disk } = await hostWithDisk(t);
  mountMemory(disk, 4);
  const daemon = await host.start();
  await attack(host, ATTACKER);
  await untilKernel(host, ATTACKER);
  const makeRoom = fillUp(disk);
  await crowd(host, 19);
  await daemon.says(/the store cannot be written/);
  await attack(host, OTHER);
  await untilKernel(host, OTHER);
  await daemon.kill();
  assert.equal(await host.net.probe({ from: OTHER, to: SERVER4, port: PORT, timeout: 500 }), 'timeout');
  await makeRoom();
  await host.start();
  await untilKernel(host, OTHER);
  assert.ok((await host.inKernel()).includes(ATTACKER), 'stored before');
});

test('on a disk that breaks and becomes read-only bans go on, and what was not stored is read once more', async (t) => {
  const { host, disk } = await hostWithDisk(t);
  const broken = breakableDisk(disk, join(host.folder, 'disk.img'));
  broken.mount();
  const daemon = await host.start();
  await attack(host, ATTACKER);
  await untilKernel(host, ATTACKER);
  broken.makeReadOnly();
  await attack(host, OTHER);
  await untilKernel(host, OTHER);
  await daemon.says(/the store cannot be written .*bans go on/);
  assert.ok(await storeProblem(daemon));
  assert.equal(await host.net.probe({ from: OTHER, to: SERVER4, port: PORT, timeout: 500 }), 'timeout');
  await daemon.kill();
  broken.unmount();
  broken.mount();
  await host.start();
  await untilKernel(host, OTHER);
  assert.deepEqual(await host.inKernel(), [ATTACKER, OTHER]);
});

test('started on a read-only disk after a crash it guards with what is stored, and stores again when it can', async (t) => {
  const { host, disk } = await hostWithDisk(t);
  mountMemory(disk, 4);
  let daemon = await host.start();
  await attack(host, ATTACKER);
  await untilKernel(host, ATTACKER);
  await daemon.kill();
  remount(disk, 'ro');
  daemon = await host.start();
  assert.deepEqual(await host.inKernel(), [ATTACKER]);
  await attack(host, OTHER);
  await untilKernel(host, OTHER);
  await daemon.says(/the store cannot be written .*bans go on/);
  remount(disk, 'rw', daemon.pid);
  await daemon.says(/the store can be written again/);
  await daemon.kill();
  daemon = await host.start();
  const { bans } = await daemon.api.bans(false);
  assert.deepEqual(bans.map(({ subject }) => subject).sort(), [ATTACKER, OTHER]);
});

test('started on a read-only disk after a stop it says why it cannot, and takes no ban back', async (t) => {
  const { host, disk } = await hostWithDisk(t);
  mountMemory(disk, 4);
  const daemon = await host.start();
  await attack(host, ATTACKER);
  await untilKernel(host, ATTACKER);
  await daemon.stop();
  remount(disk, 'ro');
  const again = startDaemonProcess({
    config: join(host.folder, 'tailban.toml'),
    socket: join(host.folder, 'tailban.sock'),
    prefix: ['ip', 'netns', 'exec', host.net.server],
  });
  assert.equal(await again.ended(), CANNOT_CREATE, again.output());
  assert.match(again.output(), /The store cannot be opened in .*mounted read-only/s);
  assert.deepEqual(await host.inKernel(), [ATTACKER]);
  remount(disk, 'rw');
  await host.start();
  assert.deepEqual(await host.inKernel(), [ATTACKER]);
});
