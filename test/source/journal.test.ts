import assert from 'node:assert/strict';
import { appendFile, chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JournalSourceOptions, journalSource } from '../../src/source/journal.ts';
import { directory, Recorder, until } from './recorder.ts';

/** A program in the place of journalctl: notes its arguments and runs a few lines of shell. */
async function setUp(t: TestContext, script: string) {
  const dir = await directory(t);
  const command = join(dir, 'journalctl');
  const notes = join(dir, 'arguments');
  const install = async (text: string) => {
    await writeFile(command, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${notes}'\ncd '${dir}'\n${text}\n`);
    await chmod(command, 0o755);
  };
  await install(script);
  const calls = async () => (await readFile(notes, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  const recorder = new Recorder();
  const begin = async (options: Partial<JournalSourceOptions> = {}) => {
    const now = () => 50_000;
    const source = journalSource({
      name: 'j',
      units: [],
      command,
      now,
      pause: 20,
      quiet: 150,
      ...options,
    });
    t.after(() => source.stop());
    await source.start(recorder.positions(), 12_345, recorder);
    return source;
  };
  return { dir, install, calls, recorder, begin };
}

const FOLLOW = 'exec sleep 60';

function entry(number: number, message = 'x'): string {
  return JSON.stringify({ __CURSOR: `s=1;i=${number};t=5f5e100`, _PID: '7', MESSAGE: message });
}

test('the first start asks for entries since a time, of any of the units and facilities', async (t) => {
  const { calls, begin } = await setUp(t, FOLLOW);
  await begin({ units: ['postfix@-.service', 'dovecot.service'], facilities: [2] });
  assert.deepEqual(await calls(), [
    '--all --output=json --follow --no-tail --no-pager --since=@12.345000 _SYSTEMD_UNIT=postfix@-.service + ' +
      '_SYSTEMD_UNIT=dovecot.service + SYSLOG_FACILITY=2',
  ]);
});

test('entries of all boots of this machine are asked for, and of no other machine whose journal lies beside it', async (t) => {
  const { calls, begin } = await setUp(t, FOLLOW);
  const machine = 'a4c1ce4edbbf4e79b6e94c4987fe13cb';
  await begin({ units: ['dovecot.service'], facilities: [2], machine });
  await begin({ units: [], machine });
  const start = '--all --output=json --follow --no-tail --no-pager --merge --since=@12.345000';
  assert.deepEqual(await calls(), [
    `${start} _MACHINE_ID=${machine} _SYSTEMD_UNIT=dovecot.service + _MACHINE_ID=${machine} SYSLOG_FACILITY=2`,
    `${start} _MACHINE_ID=${machine}`,
  ]);
});

test('entries are delivered as they are, and reading goes on behind the last cursor after a restart', async (t) => {
  const { dir, calls, recorder, begin } = await setUp(t, `cat backlog; ${FOLLOW}`);
  const lines = [entry(1), entry(2, 'a "__CURSOR" : "evil"'), entry(3, ', "__CURSOR":"evil"')];
  await writeFile(join(dir, 'backlog'), `${lines.join('\n')}\n`);
  const source = await begin();
  assert.deepEqual(recorder.lines, lines);
  assert.deepEqual(recorder.positions(), [{ type: 'journal', source: 'j', cursor: 's=1;i=3;t=5f5e100' }]);
  assert.equal(source.status().state, 'reading');
  assert.deepEqual(
    source.status().origins.map(({ origin }) => origin),
    ['journal'],
  );
  await source.stop();
  assert.equal(source.status().state, 'stopped');
  await begin();
  assert.match((await calls())[1] ?? '', /--after-cursor=s=1;i=3;t=5f5e100$/);
});

test('start resolves when the backlog is through, also when it comes with short breaks', async (t) => {
  const { dir, recorder, begin } = await setUp(t, `for i in 1 2 3 4; do cat backlog; sleep 0.1; done; ${FOLLOW}`);
  await writeFile(join(dir, 'backlog'), `${entry(1)}\n`);
  await begin({ quiet: 400 });
  assert.equal(recorder.lines.length, 4);
});

test('an entry that arrives in pieces is delivered once it is complete', async (t) => {
  const { dir, recorder, begin } = await setUp(t, 'exec tail -f -n +1 backlog');
  await writeFile(join(dir, 'backlog'), `${entry(1)}\n${entry(2).slice(0, 20)}`);
  await begin();
  assert.deepEqual(recorder.lines, [entry(1)]);
  await appendFile(join(dir, 'backlog'), `${entry(2).slice(20)}\n`);
  await until(() => recorder.lines.length === 2);
  assert.deepEqual(recorder.lines, [entry(1), entry(2)]);
});

test('an entry of several megabytes is dropped and counted, the ones around it are not', async (t) => {
  const { dir, recorder, begin } = await setUp(t, `cat backlog; ${FOLLOW}`);
  await writeFile(join(dir, 'backlog'), `${entry(1)}\n${entry(2, 'y'.repeat(5_000_000))}\n${entry(3)}\n`);
  await begin();
  assert.deepEqual(recorder.lines, [entry(1), entry(3)]);
  assert.equal(recorder.cut, 1);
});

test('a journalctl that dies is started again behind the last entry, with one warning and longer pauses', async (t) => {
  const { dir, install, calls, recorder, begin } = await setUp(t, 'cat backlog; echo broken >&2; exit 1');
  await writeFile(join(dir, 'backlog'), `${entry(1)}\n`);
  const source = await begin();
  await install('echo broken >&2; exit 1');
  await sleep(400);
  const count = (await calls()).length;
  assert.ok(count >= 3 && count <= 7, `${count} starts`);
  assert.match((await calls()).at(-1) ?? '', /--after-cursor=s=1;i=1;/);
  assert.equal(source.status().state, 'failed');
  assert.match(source.status().problem ?? '', /Cannot read the journal, it ended with exit code 1: broken/);
  assert.equal(recorder.warnings.length, 1);
  await writeFile(join(dir, 'backlog'), `${entry(2)}\n`);
  await install(`cat backlog; ${FOLLOW}`);
  await until(() => recorder.lines.length === 2);
  assert.equal(source.status().state, 'reading');
  assert.equal(source.status().problem, null);
});

test('a journal in which nothing happens is no problem once journalctl has run for a while', async (t) => {
  const { install, begin } = await setUp(t, 'exit 1');
  const source = await begin();
  assert.equal(source.status().state, 'failed');
  await install(FOLLOW);
  await until(() => source.status().state === 'reading');
  assert.equal(source.status().problem, null);
});

test('a host without journalctl does not hold up the start', async (t) => {
  const { dir, recorder, begin } = await setUp(t, 'exit 0');
  const before = performance.now();
  const source = await begin({ command: join(dir, 'nothing-here'), quiet: 60_000 });
  assert.ok(performance.now() - before < 5_000);
  assert.equal(source.status().state, 'failed');
  assert.equal(recorder.warnings.length, 1);
  assert.match(recorder.warnings[0] ?? '', /ENOENT/);
});

test('a cursor that the journal does not know any more is given up for the time that stands in it', async (t) => {
  const reject = 'case "$*" in *after-cursor*) echo "Failed to seek to cursor: Invalid argument" >&2; exit 1;; esac';
  const { dir, calls, recorder, begin } = await setUp(t, `${reject}\ncat backlog; ${FOLLOW}`);
  await writeFile(join(dir, 'backlog'), `${entry(4)}\n`);
  recorder.keep([{ type: 'journal', source: 'j', cursor: 's=0;i=9;t=5f5e100' }]);
  await begin();
  await until(() => recorder.lines.length === 1);
  assert.match((await calls())[1] ?? '', /--since=@100\.000001$/);
  assert.equal(recorder.warnings.length, 1);
  assert.match(recorder.warnings[0] ?? '', /does not know the place .* since 1970-01-01T00:01:40/);
});

test('what is no entry is reported and moves no position', async (t) => {
  const { dir, recorder, begin } = await setUp(t, `cat backlog; ${FOLLOW}`);
  await writeFile(join(dir, 'backlog'), 'Hint: you are not seeing messages from other users\n');
  await begin();
  assert.equal(recorder.lines.length, 0);
  assert.equal(recorder.warnings.length, 1);
});

test('stop ends journalctl, also one that is waiting to be started again', async (t) => {
  const { dir, begin, calls, install } = await setUp(t, `echo $$ > pid; ${FOLLOW}`);
  const source = await begin();
  const pid = Number(await readFile(join(dir, 'pid'), 'utf8'));
  await source.stop();
  assert.throws(() => process.kill(pid, 0), /ESRCH/);
  await install('exit 1');
  const other = await begin({ pause: 100 });
  await other.stop();
  const count = (await calls()).length;
  await sleep(250);
  assert.equal((await calls()).length, count);
  await rm(join(dir, 'journalctl'));
});
