/** Where in a line its time stands: at the start, in brackets, in the middle, in JSON; and a place in a log found by it. */
import assert from 'node:assert/strict';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { timeInLine } from '../../src/filter/line-time.ts';
import { StampReader } from '../../src/filter/stamp.ts';
import { findStart } from '../../src/source/seek.ts';
import { temporaryFolder } from '../api/serving.ts';

const NOON = Date.UTC(2026, 10, 22, 12);

function reader(): StampReader {
  return new StampReader(
    (year, month, day, hour, minute) => Date.UTC(year, month, day, hour, minute),
    () => NOON,
  );
}

/** Lines of all shapes, each written at that time. */
const SHAPES: readonly ((date: Date) => string)[] = [
  (date) => `${date.toISOString()} mx1 postfix/smtpd[1]: x`,
  (date) => `<22>${date.toISOString()} mx1 postfix/smtpd[1]: x`,
  (date) => `{"__CURSOR":"x","__REALTIME_TIMESTAMP":"${date.getTime()}000","MESSAGE":"x"}`,
  (date) => `<22>1 ${date.toISOString()} mx1 postfix 1 - - x`,
  (date) => `\x1b[2m${date.toISOString()}\x1b[0m \x1b[32mINFO\x1b[0m x`,
  (date) => `[${date.toISOString().slice(0, 23).replace('T', ' ')}] SECURITY[1] x`,
  (date) => `192.0.2.1 - - [${access(date)}] "GET /[22/Nov/2020:00:00:00 +0000] HTTP/1.1" 404 0`,
  (date) => `mail.example.org:443 192.0.2.1 - "a b" [${access(date)}] "GET / HTTP/1.1" 404 0`,
  (date) => `192.0.2.1 - al[i]ce [x [${access(date)}] "GET / HTTP/1.1" 404 0`,
  (date) => `{"log":"a \\"time\\":\\"2020-01-01T00:00:00Z\\"\\n","stream":"stdout","time":"${date.toISOString()}"}`,
  (date) => `{"reqId":"x","level":2,"time":"${date.toISOString()}","remoteAddr":"192.0.2.1","message":"x"}`,
  (date) => `{"level":"info","ts":${date.getTime() / 1000},"msg":"x"}`,
  (date) => `${date.toISOString()} stdout F x`,
];

function access(date: Date): string {
  const [, month, day, year] = date
    .toUTCString()
    .replace(/^\w+, (\d+) (\w+) (\d+).*/, ' $2 $1 $3')
    .split(' ');
  return `${day}/${month}/${year}:${date.toISOString().slice(11, 19)} +0000`;
}

test('the time of a line is found wherever it stands', () => {
  const stamps = reader();
  const date = new Date(NOON - 3_000);
  for (let turn = 0; turn < 2; turn++)
    for (const shape of SHAPES) assert.equal(timeInLine(shape(date), stamps), date.getTime(), shape(date));
});

test('a line without a time has none', () => {
  const stamps = reader();
  const lines = [
    '',
    '[',
    '{',
    '{}',
    '{"time":',
    '{"time":7}',
    '[NOTICE] [x] y',
    'Login failed',
    `${'['.repeat(5_000)}x`,
  ];
  for (const line of lines) assert.equal(timeInLine(line, stamps), null, line);
});

test('the place where to begin is found in logs of all shapes', async (t) => {
  const path = join(await temporaryFolder(t), 'log');
  for (const [index, shape] of SHAPES.entries()) {
    const dates = Array.from({ length: 500 }, (_, second) => new Date(NOON - 600_000 + second * 1_000));
    const lines = dates.flatMap((date, i) =>
      i % 7 === 0 ? [`${shape(date)}\n`, 'at the function x\n'] : [`${shape(date)}\n`],
    );
    const text = lines.join('');
    await writeFile(path, text);
    const handle = await open(path);
    const stamps = reader();
    const since = NOON - 600_000 + 321_000;
    const start = await findStart(handle, text.length, since, (line) => timeInLine(line, stamps));
    await handle.close();
    assert.equal(start, text.indexOf(shape(new Date(since))), `shape ${index}`);
  }
});
