/** Entries of the journal, as they arrive at its socket. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { OwnLog } from '../../src/log.ts';
import { datagramSender } from '../../src/system/unix-datagram.ts';
import { receiveAt } from './datagrams.ts';

async function socketPath(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-journal-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'socket');
}

function openLog(journalSocket: string): { log: OwnLog; printed: string[] } {
  const printed: string[] = [];
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      printed.push(chunk.toString());
      done();
    },
  });
  return {
    log: new OwnLog({ level: 'debug', format: 'journal', terminal: false, destination, journalSocket }),
    printed,
  };
}

/** The reader's half of systemd's native protocol: `NAME=value`, or `NAME`, the length in 8 bytes, the value. */
function fieldsOf(entry: Buffer | null): Record<string, string> {
  assert.ok(entry, 'no entry came');
  const fields: Record<string, string> = {};
  for (let at = 0; at < entry.length; ) {
    const end = entry.indexOf('\n', at);
    const line = entry.subarray(at, end).toString();
    const equals = line.indexOf('=');
    at = end + 1;
    if (equals >= 0) fields[line.slice(0, equals)] = line.slice(equals + 1);
    else {
      const length = Number(entry.readBigUInt64LE(at));
      fields[line] = entry.subarray(at + 8, at + 8 + length).toString();
      at += 8 + length + 1;
    }
  }
  return fields;
}

test('a ban is an entry whose subject, reason, count and source are fields', async (t) => {
  const path = await socketPath(t);
  using journal = receiveAt(path);
  const { log, printed } = openLog(path);
  log.logger.info(
    { subject: '192.0.2.1', reason: '100 failed logins in 20m', count: 100, source: 'mail', filter: 'postfix' },
    'banned 192.0.2.1 for 1h',
  );
  assert.deepEqual(fieldsOf(journal.receive()), {
    MESSAGE: 'banned 192.0.2.1 for 1h',
    PRIORITY: '6',
    SYSLOG_IDENTIFIER: 'tailban',
    SYSLOG_FACILITY: '3',
    TAILBAN_SUBJECT: '192.0.2.1',
    TAILBAN_REASON: '100 failed logins in 20m',
    TAILBAN_COUNT: '100',
    TAILBAN_SOURCE: 'mail',
    TAILBAN_FILTER: 'postfix',
  });
  assert.deepEqual(printed, []);
});

test('levels are priorities of syslog, and an error brings its message and its stack along', async (t) => {
  const path = await socketPath(t);
  using journal = receiveAt(path);
  const { log } = openLog(path);
  log.logger.debug('d');
  log.logger.warn('w');
  log.logger.error({ err: new Error('no such table') }, 'nftables failed');
  assert.equal(fieldsOf(journal.receive())['PRIORITY'], '7');
  assert.equal(fieldsOf(journal.receive())['PRIORITY'], '4');
  const { PRIORITY, MESSAGE, TAILBAN_STACK } = fieldsOf(journal.receive());
  assert.equal(PRIORITY, '3');
  assert.equal(MESSAGE, 'nftables failed: no such table');
  assert.match(TAILBAN_STACK ?? '', /no such table\n {4}at /);
});

test('a login with line breaks cannot add a field', async (t) => {
  const path = await socketPath(t);
  using journal = receiveAt(path);
  const { log } = openLog(path);
  const subject = 'login:a\nPRIORITY=0\nTAILBAN_SUBJECT=login:b\n';
  log.logger.info({ subject, 'strange näme': 1 }, `banned ${subject}`);
  const fields = fieldsOf(journal.receive());
  assert.equal(fields['TAILBAN_SUBJECT'], subject);
  assert.equal(fields['PRIORITY'], '6');
  assert.equal(fields['TAILBAN_STRANGE_N_ME'], '1');
});

test('entries that the journal has no room for come with their priority on standard output, and none waits', async (t) => {
  const path = await socketPath(t);
  using journal = receiveAt(path);
  const { log, printed } = openLog(path);
  const start = performance.now();
  for (let i = 0; i < 5_000; i++) log.logger.info(`entry ${i}`);
  assert.ok(performance.now() - start < 5_000);
  let received = 0;
  while (journal.receive() !== null) received++;
  assert.ok(received > 0 && printed.length > 0);
  assert.equal(received + printed.length, 5_000);
  assert.equal(printed.at(-1), '<6>entry 4999\n');
  log.logger.info('there is room again');
  assert.equal(fieldsOf(journal.receive())['MESSAGE'], 'there is room again');
});

test('an entry of enormous length is cut, not lost', async (t) => {
  const path = await socketPath(t);
  using journal = receiveAt(path);
  const { log } = openLog(path);
  log.logger.info({ subject: 'y'.repeat(300_000) }, 'x'.repeat(1_000_000));
  assert.equal(fieldsOf(journal.receive())['MESSAGE'], 'x'.repeat(32 * 1024));
});

test('a journal that is started anew gets entries again', async (t) => {
  const path = await socketPath(t);
  const { log, printed } = openLog(path);
  log.logger.info('nobody listens');
  using journal = receiveAt(path);
  log.logger.info('somebody does');
  assert.deepEqual(printed, ['<6>nobody listens\n']);
  assert.equal(fieldsOf(journal.receive())['MESSAGE'], 'somebody does');
});

test('no datagrams go to a path that is longer than a socket can have', () => {
  assert.equal(datagramSender(`/${'x'.repeat(108)}`), null);
});
