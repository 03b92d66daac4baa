import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { thisHost } from '../../src/doctor/this-host.ts';

const host = thisHost({ now: () => 0, adminAddress: null });

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-doctor-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('a program tells its exit code, and one that is not there is missing', async () => {
  assert.deepEqual(await host.run(['sh', '-c', 'echo out; echo err >&2; exit 3']), {
    had: true,
    value: { exitCode: 3, stdout: 'out', stderr: 'err' },
  });
  const none = await host.run(['no-such-program-of-tailban']);
  assert.equal(!none.had && none.lack, 'missing');
});

test('files are read, and everything else says why not', async (t) => {
  const folder = await folderOf(t);
  const path = join(folder, 'log');
  await writeFile(path, 'one\ntwo\nthree\nfour');
  await utimes(path, 1000, 1000);
  assert.deepEqual(await host.read(path), { had: true, value: 'one\ntwo\nthree\nfour' });
  const tail = await host.tail(path, 12);
  assert.equal(tail.had && tail.value.toString(), 'three\n', 'only complete lines');
  const facts = await host.stat(path);
  assert.ok(facts.had && facts.value.type === 'file' && facts.value.modified === 1_000_000);
  assert.deepEqual(await host.list(folder), { had: true, value: ['log'] });
  assert.deepEqual(await host.glob(join(folder, '*')), { had: true, value: [path] });
  for (const lacking of [
    await host.read(join(folder, 'x')),
    await host.tail(join(folder, 'x'), 1),
    await host.stat(join(folder, 'x')),
  ])
    assert.equal(!lacking.had && lacking.lack, 'missing');
  const endless = await host.read('/dev/zero');
  assert.equal(!endless.had && endless.lack, 'failed');
  await symlink(join(folder, 'loop'), join(folder, 'loop'));
  const loop = await host.stat(join(folder, 'loop'));
  assert.equal(!loop.had && loop.lack, 'failed');
});

test('what is forbidden is told from what is not there', async (t) => {
  const folder = await folderOf(t);
  const closed = join(folder, 'closed');
  await mkdir(closed);
  await writeFile(join(closed, 'log'), '');
  await chmod(closed, 0);
  const facts = await host.stat(join(closed, 'log'));
  await chmod(closed, 0o700);
  // Root passes everywhere.
  if (host.uid === 0) assert.ok(facts.had);
  else assert.equal(!facts.had && facts.lack, 'forbidden');
});

test('the disk has some room, and this process is among the processes', async () => {
  const space = await host.space('/');
  assert.ok(space.had && space.value.bytes > 0 && space.value.freeBytes <= space.value.bytes);
  assert.ok((await host.processes()).some(({ pid }) => pid === process.pid));
});

test('who listens answers, who does not does not', async (t) => {
  const path = join(await folderOf(t), 'socket');
  const server = createServer((socket) => socket.destroy()).listen(path);
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  assert.equal(await host.answers({ path }), true);
  assert.equal(await host.answers({ path: `${path}-not` }), false);
});

test('a database is looked at without a trace, while it is written to and after a crash of its writer', async (t) => {
  const folder = await folderOf(t);
  const path = join(folder, 'test.db');
  const db = new DatabaseSync(path);
  t.after(() => db.isOpen && db.close());
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE one (text); INSERT INTO one VALUES (1)');
  const files = await host.list(folder);
  assert.deepEqual(await host.damage(path), { had: true, value: null });
  assert.deepEqual(await host.list(folder), files);
  db.exec('INSERT INTO one VALUES (2)');
  db.close();
  assert.deepEqual(await host.damage(path), { had: true, value: null });
  assert.deepEqual(await host.list(folder), { had: true, value: ['test.db'] });
});

test('what is damaged, and what is no database, is told', async (t) => {
  const folder = await folderOf(t);
  const path = join(folder, 'test.db');
  const db = new DatabaseSync(path);
  db.exec('CREATE TABLE one (text)');
  const insert = db.prepare('INSERT INTO one VALUES (?)');
  for (let n = 0; n < 2_000; n++) insert.run(`a text that fills some pages ${n}`);
  db.close();
  const bytes = await readFile(path);
  bytes.fill(0xff, 8_192, 12_288);
  await writeFile(path, bytes);
  const damage = await host.damage(path);
  assert.ok(damage.had ? damage.value !== null : damage.lack === 'failed');
  await writeFile(
    path,
    'no database at all, but a text that is long enough for a header of one hundred bytes '.repeat(10),
  );
  const none = await host.damage(path);
  assert.ok(!none.had && /not a database/.test(none.reason));
});
