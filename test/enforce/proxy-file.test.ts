import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseSubject } from '../../src/core/subject.ts';
import type { Ban } from '../../src/core/types.ts';
import { commandRunner } from '../../src/enforce/command.ts';
import { type ProxyFileOptions, proxyFile } from '../../src/enforce/login/proxy-file.ts';

function ban(text: string): Ban {
  const subject = parseSubject(text);
  assert.ok(subject !== null);
  return { subject, since: 0, until: null, cause: 'manual', reason: 'test', offence: 1, evidence: [] };
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-proxy-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

function options(path: string, own: Partial<ProxyFileOptions> = {}): ProxyFileOptions {
  return { path, format: 'nginx', reload: null, run: commandRunner(), now: Date.now, every: 0, ...own };
}

test('bans and ends of bans are lines that nginx includes', async (t) => {
  const path = join(await folderOf(t), 'deny.conf');
  const file = proxyFile(options(path));
  await file.reset([ban('192.0.2.1'), ban('2001:db8::/64')]);
  await file.apply([
    { type: 'ban', ban: ban('198.51.100.7') },
    { type: 'unban', subject: ban('192.0.2.1').subject },
  ]);
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => !line.startsWith('#') && line !== '');
  assert.deepEqual(lines, ['deny 2001:db8::/64;', 'deny 198.51.100.7;']);
  const remaining = await file.remaining();
  assert.deepEqual(
    remaining.map(({ subject }) => subject),
    [ban('2001:db8::/64').subject, ban('198.51.100.7').subject],
  );
  assert.equal(await file.intact(), true);
  await writeFile(path, '');
  assert.equal(await file.intact(), false);
});

test('as a list each stands by itself, and a login nowhere', async (t) => {
  const path = join(await folderOf(t), 'deny.lst');
  const file = proxyFile(options(path, { format: 'list' }));
  assert.equal(file.handles({ type: 'login', login: 'alice' }), false);
  await file.reset([ban('192.0.2.1')]);
  assert.match(await readFile(path, 'utf8'), /^# .*\n192\.0\.2\.1\n/);
  await file.remove();
  assert.deepEqual(await file.remaining(), []);
});

test('the server is told each time, and where that fails, so does the enforcer, until it works', async (t) => {
  const folder = await folderOf(t);
  const program = join(folder, 'reload');
  const told = join(folder, 'told');
  await writeFile(program, `#!/bin/sh\necho told >> ${told}\n`);
  await chmod(program, 0o755);
  const file = proxyFile(options(join(folder, 'deny.conf'), { reload: [program] }));
  await file.reset([ban('192.0.2.1')]);
  await file.apply([{ type: 'ban', ban: ban('192.0.2.2') }]);
  assert.equal(await readFile(told, 'utf8'), 'told\ntold\n');
  await writeFile(program, '#!/bin/sh\necho no such process >&2\nexit 1\n');
  await assert.rejects(file.apply([{ type: 'ban', ban: ban('192.0.2.3') }]), /ended with 1/);
});

test('the server is not told more often than it can bear', async (t) => {
  const folder = await folderOf(t);
  const times: number[] = [];
  const run = (): Promise<{ exitCode: number; stdout: string; stderr: string }> => {
    times.push(performance.now());
    return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' });
  };
  const file = proxyFile(options(join(folder, 'deny.conf'), { reload: ['reload'], run, every: 200 }));
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) await file.apply([{ type: 'ban', ban: ban(address) }]);
  const [first = 0, second = 0, third = 0] = times;
  // Timers may fire a millisecond early.
  assert.ok(second - first >= 198 && third - second >= 198, times.join(' '));
});
