/**
 * What happens when `nft` is missing or hangs: logs are read and judged, the API answers, and once it works again all bans
 * are in force without anybody's help. Needs root.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type DaemonProcess, until } from '../support/daemon.ts';
import { type GuardedHost, guardedHost, PORT, untilKernel } from '../support/guarded-host.ts';
import { wrongSubmission } from '../support/mail-lines.ts';
import { CLIENT4, SERVER4 } from '../support/netns.ts';

const [ATTACKER, OTHER, THIRD] = CLIENT4;
const SETTINGS = 'authentication = "3/10m"\nlogin = "off"\nban-time = "1h"\n';
/** What `nft` is given before it is killed, and some time for that. */
const HANGS_FOR = 40_000;

async function hostOf(t: TestContext, backend: 'nftables' | 'auto' = 'nftables'): Promise<GuardedHost> {
  const host = await guardedHost(SETTINGS);
  t.after(() => host.remove());
  const config = join(host.folder, 'tailban.toml');
  await writeFile(config, (await readFile(config, 'utf8')).replace('"nftables"', `"${backend}"`));
  await host.net.serve(PORT);
  return host;
}

/** A folder for the PATH with an `nft` that does its work unless the file beside it says that it is to hang. */
async function moodyNft(host: GuardedHost): Promise<{ path: string; hang(): Promise<void>; work(): Promise<void> }> {
  const bin = join(host.folder, 'bin');
  const flag = join(bin, 'hang');
  const real = execFileSync('sh', ['-c', 'command -v nft'], { encoding: 'utf8' }).trim();
  await mkdir(bin);
  const script = `#!/bin/sh\nif [ -e '${flag}' ]; then exec sleep 600; fi\nexec '${real}' "$@"\n`;
  await writeFile(join(bin, 'nft'), script, { mode: 0o755 });
  return { path: `${bin}:${process.env['PATH']}`, hang: () => writeFile(flag, ''), work: () => rm(flag) };
}

/** Takes every firewall away from one process, and gives them back: it has mounts of its own. */
function takeAway(daemon: DaemonProcess): () => void {
  const inside = (...argv: readonly string[]): void =>
    void execFileSync('nsenter', ['-t', String(daemon.pid), '-m', ...argv]);
  inside('mount', '-t', 'tmpfs', 'tailban-test', '/usr/sbin');
  return () => inside('umount', '/usr/sbin');
}

function attack(host: GuardedHost, ip: string): Promise<void> {
  return host.write(...Array.from({ length: 3 }, (_, n) => wrongSubmission(host.numbers, ip, `u${n}@x.org`)).flat());
}

async function untilJudged(daemon: DaemonProcess, bans: number): Promise<void> {
  await until(
    () => `${bans} bans to be recorded by a daemon that says:\n${daemon.output()}`,
    async () => (await daemon.api.status()).bans.active === bans,
  );
}

async function untilWell(daemon: DaemonProcess): Promise<void> {
  await until('no problem', async () => (await daemon.api.status()).problems.join() === '');
}

const dial = (host: GuardedHost, from: string) => host.net.probe({ from, to: SERVER4, port: PORT, timeout: 500 });

// Most of the time nothing is done but waited.
describe('a firewall that fails', { concurrency: true }, () => {
  it('without nft, which comes back later, bans are recorded, those in force hold, and then all are in force', async (t) => {
    const host = await hostOf(t);
    const daemon = await host.start();
    await attack(host, ATTACKER);
    await untilKernel(host, ATTACKER);
    const giveBack = takeAway(daemon);
    await attack(host, OTHER);
    await untilJudged(daemon, 2);
    await daemon.says(
      /nftables failed: Cannot run nft: no such program was found, install the package nftables .*; next try in .* s, and so on until/,
    );
    assert.match(
      (await daemon.api.status()).problems.join(),
      /nftables is failing, the latest bans are not in force: Cannot run nft: no such program/,
    );
    assert.equal(await dial(host, ATTACKER), 'timeout', 'what is in force stays');
    giveBack();
    await untilKernel(host, OTHER);
    await daemon.says(/nftables works again, all bans are in force/);
    await untilWell(daemon);
    assert.equal(await dial(host, OTHER), 'timeout');
    const tries = daemon.output().match(/nftables failed/g) ?? [];
    assert.equal(tries.length, 1, 'the same words are said once');
  });

  it('an nft that hangs is killed and tried again; meanwhile logs are read, and the API answers at once', async (t) => {
    const host = await hostOf(t);
    const nft = await moodyNft(host);
    const daemon = await host.start({ PATH: nft.path });
    await attack(host, ATTACKER);
    await untilKernel(host, ATTACKER);
    await nft.hang();
    await attack(host, OTHER);
    await untilJudged(daemon, 2);
    await until(
      () => `nft to be killed by a daemon that says:\n${daemon.output()}`,
      async () => {
        const asked = performance.now();
        const { problems } = await daemon.api.status();
        assert.ok(performance.now() - asked < 2_000, 'the API answers');
        return problems.some((problem) =>
          /nftables is failing.* Cannot finish nft: it did not answer within 30000 ms and was killed/.test(problem),
        );
      },
      HANGS_FOR,
    );
    assert.equal(await dial(host, ATTACKER), 'timeout', 'what is in force stays');
    await attack(host, THIRD);
    await untilJudged(daemon, 3);
    // The try that hangs now is given its time; the next one works.
    await nft.work();
    await until('all in the kernel', async () => (await host.inKernel()).length === 3, HANGS_FOR);
    await daemon.says(/nftables works again, all bans are in force/);
    await untilWell(daemon);
  });

  it('with an nft that hangs from the start on it guards all the same, and bans as soon as it works', async (t) => {
    const host = await hostOf(t);
    const nft = await moodyNft(host);
    // With a database that is new it would wait for what is in the firewall, so as to take that over.
    const first = await host.start({ PATH: nft.path });
    await attack(host, ATTACKER);
    await untilKernel(host, ATTACKER);
    await first.stop();
    await nft.hang();
    const daemon = await host.start({ PATH: nft.path });
    await daemon.says(/It has not answered within 5 s/);
    assert.equal(await dial(host, ATTACKER), 'timeout', 'what is in force stays');
    await attack(host, OTHER);
    await untilJudged(daemon, 2);
    await nft.work();
    await until('the ban in the kernel', async () => (await host.inKernel()).includes(OTHER), HANGS_FOR);
    await untilWell(daemon);
    assert.equal(await dial(host, OTHER), 'timeout');
  });
});
