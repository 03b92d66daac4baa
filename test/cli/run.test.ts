import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ApiClient } from '../../src/api/client.ts';
import { temporaryFolder } from '../api/serving.ts';
import { start, tailban } from './tailban.ts';

const DEADLINE_MS = 20_000;

/** A dry run over one log file; ready when it answers. */
async function startDryRun(t: TestContext) {
  const folder = await temporaryFolder(t);
  const socketPath = join(folder, 'tailban.sock');
  const config = join(folder, 'tailban.toml');
  await writeFile(join(folder, 'mail.log'), '');
  await writeFile(config, `[source.mail]\nfiles = [${JSON.stringify(join(folder, 'mail.log'))}]\n`);
  const child = start(['run', '--dry-run', '--config', config, '--socket', socketPath]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (output += piece.toString()));
  const closed = once(child, 'close');
  t.after(() => child.kill('SIGKILL'));
  const client = new ApiClient({ socketPath });
  await until(
    async () => {
      assert.deepEqual([child.exitCode, child.signalCode], [null, null], `The daemon has ended:\n${output}`);
      return await client.status().then(
        () => true,
        () => false,
      );
    },
    () => output,
  );
  return { child, closed, client, config, output: () => output };
}

async function until(test: () => Promise<boolean> | boolean, output: () => string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    if (await test()) return;
    assert.ok(Date.now() < deadline, `This has not happened in ${DEADLINE_MS} ms; the output is:\n${output()}`);
    await wait(20);
  }
}

test('the daemon answers, reloads on SIGHUP and stops in good order on SIGTERM', async (t) => {
  const { child, closed, client, output } = await startDryRun(t);
  const { dryRun, pid } = await client.status();
  assert.deepEqual([dryRun, pid], [true, child.pid]);
  child.kill('SIGHUP');
  await until(() => output().includes('reloaded, nothing has changed'), output);
  child.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null]);
  await assert.rejects(client.status(), { problem: 'unavailable' });
});

test('a configuration that has become wrong does not end the daemon on SIGHUP', async (t) => {
  const { child, closed, client, config, output } = await startDryRun(t);
  await writeFile(config, 'nonsense = 1\n');
  child.kill('SIGHUP');
  await until(() => output().includes('nonsense'), output);
  assert.equal((await client.status()).dryRun, true);
  const reload = await tailban(['reload', '--config', config, '--socket', join(config, '../tailban.sock')]);
  assert.equal(reload.code, 78);
  assert.match(reload.stderr, /^tailban: .*: Unknown setting nonsense\n {2}1 \| nonsense = 1\n {4}\| \^\n {2}hint: /);
  child.kill('SIGINT');
  assert.deepEqual(await closed, [0, null]);
});

test('a configuration that is wrong at the start is shown with its place, and the exit code is 78', async (t) => {
  const config = join(await temporaryFolder(t), 'tailban.toml');
  await writeFile(config, '[server.fail2ban]\nauthentification = "1/1d"\n');
  const { code, stderr } = await tailban(['run', '--dry-run', '--config', config]);
  assert.match(stderr, /tailban\.toml:2:1: Unknown setting.*\n {2}2 \| authentification/);
  assert.equal(code, 78);
});

test('a second daemon at the same socket ends at once with 69, and the first goes on', async (t) => {
  const { client, config, child, closed } = await startDryRun(t);
  const socket = join(config, '../tailban.sock');
  const { code, stderr } = await tailban(['run', '--dry-run', '--config', config, '--socket', socket]);
  assert.match(stderr, /tailban: Cannot listen at .*: another tailban answers there\nhint: systemctl stop tailban/);
  assert.equal(code, 69);
  assert.equal((await client.status()).pid, child.pid);
  child.kill('SIGTERM');
  await closed;
});
