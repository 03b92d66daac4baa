/** The daemon's own log: its forms, its file, and what becomes of lines that cannot be written. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type LogSettings, OwnLog } from '../../src/log.ts';

class Output extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tailban-log-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

function open(settings: Partial<LogSettings> = {}, terminal = false): { log: OwnLog; output: Output } {
  const output = new Output();
  const log = new OwnLog({
    level: 'info',
    format: 'auto',
    file: null,
    terminal,
    destination: output,
    journalSocket: '/nonexistent/socket',
    ...settings,
  });
  return { log, output };
}

test('lines are JSON where nobody reads along, and text at a terminal', () => {
  const machine = open();
  machine.log.logger.info({ subject: '192.0.2.1' }, 'banned');
  const { level, subject, msg, time } = JSON.parse(machine.output.text);
  assert.deepEqual({ level, subject, msg }, { level: 30, subject: '192.0.2.1', msg: 'banned' });
  assert.match(time, /^\d{4}-\d\d-\d\dT/);
  const person = open({}, true);
  person.log.logger.info({ subject: '192.0.2.1', count: 3, source: 'mail' }, 'banned 192.0.2.1');
  assert.match(person.output.text, /^\[\d\d:\d\d:\d\d\.\d{3}\] .*INFO.*banned 192\.0\.2\.1.*\n$/);
  assert.doesNotMatch(person.output.text, /subject|count/);
});

test('what an attacker calls himself neither ends a line nor steers a terminal', () => {
  const { log, output } = open({ format: 'pretty' });
  log.logger.info('banned login:a\u001b[2J\n[00:00:00.000] INFO: unbanned\u202e everybody');
  assert.equal(output.text.trimEnd().split('\n').length, 1);
  assert.doesNotMatch(output.text, /\u001b|\u202e/);
  log.configure({ level: 'info', format: 'journal', file: null });
  output.text = '';
  log.logger.warn('login:a\n<0>the house burns');
  assert.equal(output.text, '<4>login:a·<0>the house burns\n');
});

test('a file gets lines for programs, readable by root and its group alone', async (t) => {
  const file = join(await folder(t), 'tailban.log');
  const { log, output } = open({ file });
  log.logger.info('hello');
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).msg, 'hello');
  assert.equal(statSync(file).mode & 0o777, 0o640 & ~process.umask());
  assert.equal(output.text, '');
  log.configure({ level: 'info', format: 'pretty', file });
  log.logger.info('for people');
  assert.match(readFileSync(file, 'utf8'), /\n\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] INFO: for people\n$/);
});

test('a file that was moved away is written on until it is opened anew', async (t) => {
  const path = await folder(t);
  const [file, old] = [join(path, 'tailban.log'), join(path, 'tailban.log.1')];
  const { log } = open({ file });
  log.logger.info('one');
  renameSync(file, old);
  log.logger.info('two');
  log.reopen();
  log.logger.info('three');
  assert.deepEqual(messages(old), ['one', 'two']);
  assert.deepEqual(messages(file), ['three']);
});

test('what the file does not take goes to standard output, and it is told once that it does and that it is over', async (t) => {
  const path = join(await folder(t), 'logs');
  const file = join(path, 'tailban.log');
  const { log, output } = open({ file });
  log.logger.info('one');
  log.logger.info('two');
  const told = output.text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).msg as string]));
  assert.match(told[0] ?? '', /tailban\.log cannot be written, .*ENOENT/);
  assert.deepEqual(told.slice(1), ['one', 'two']);
  mkdirSync(path);
  log.logger.info('three');
  assert.deepEqual(messages(file), ['three', `the log file ${file} can be written again`]);
});

test('a full disk costs no more than the line that did not fit', () => {
  const { log, output } = open({ file: '/dev/full' });
  log.logger.info('one');
  assert.match(output.text, /ENOSPC/);
  assert.match(output.text, /"msg":"one"/);
});

test('a reload changes level, form and place', async (t) => {
  const file = join(await folder(t), 'tailban.log');
  const { log, output } = open();
  log.logger.debug('not this');
  log.configure({ level: 'debug', format: 'auto', file });
  log.logger.debug('this');
  assert.deepEqual(messages(file), ['this']);
  log.configure({ level: 'error', format: 'auto', file: null });
  log.logger.warn('not this');
  log.logger.error('and this');
  assert.equal(JSON.parse(output.text).msg, 'and this');
});

test('standard output that systemd has connected with the journal is told by JOURNAL_STREAM', async (t) => {
  const path = await folder(t);
  const stream = createWriteStream(join(path, 'stdout'));
  await once(stream, 'open');
  const { dev, ino } = statSync(join(path, 'stdout'));
  for (const [journalStream, expected] of [
    [`${dev}:${ino}`, /^<6>hello\n$/],
    [`${dev}:${ino + 1}`, /^<6>hello\n\{.*hello/],
    [undefined, /hello.*\n.*hello.*\n.*hello/],
  ] as const) {
    const destination = Object.assign(stream, { fd: Reflect.get(stream, 'fd') as number });
    const log = new OwnLog({
      level: 'info',
      format: 'auto',
      terminal: false,
      destination,
      journalStream,
      journalSocket: '/nonexistent/socket',
    });
    log.logger.info('hello');
    await new Promise((done) => stream.write('', done));
    assert.match(readFileSync(join(path, 'stdout'), 'utf8'), expected);
  }
  stream.end();
});

function messages(file: string): string[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).msg as string);
}
