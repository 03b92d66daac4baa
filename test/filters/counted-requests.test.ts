/** From the lines of an access log to a verdict: who is over a rate is whoever the trusted proxies name, and nobody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge } from '../../src/core/judge.ts';
import type { RequestSettings } from '../../src/core/settings.ts';
import { subjectKey } from '../../src/core/subject.ts';
import { network, REQUESTS, settings } from '../core/judging.ts';
import { events, file } from '../filter/reading.ts';

const CLIENT = '192.0.2.9';
const VICTIM = '203.0.113.77';
const PROXY = '198.51.100.1';
const NOW = Date.UTC(2026, 10, 22, 13, 8, 59);
const ANONYMOUS = { count: 5, period: 60_000 };

/** So many requests, one a second, each in our own format. */
function requests(count: number, from: string, xff: string, path = '/jmap/api'): string[] {
  return Array.from({ length: count }, (_, index) => {
    const time = `22/Nov/2026:13:08:${String(40 + index).padStart(2, '0')} +0000`;
    const end = `took=0.001s id=a${index} auth=- xff="${xff}" forwarded="-"`;
    return `${from} - - [${time}] "GET ${path} HTTP/1.1" 200 12 "-" "-" ${end}`;
  });
}

/** The subjects that these lines shut out. */
function shutOut(lines: readonly string[], changes: Partial<RequestSettings> = {}): string[] {
  const trusted = { useForwarded: true, trustedProxies: [network(`${PROXY}/32`)] };
  const judge = new Judge(settings({ requests: { ...REQUESTS, anonymous: ANONYMOUS, ...trusted, ...changes } }));
  for (const { event } of events([file(lines)])) judge.handle(event, NOW);
  return [...judge.activeBans()].map(({ subject }) => subjectKey(subject));
}

test('the client behind a trusted proxy is limited, neither the proxy nor whom the client names', () => {
  assert.deepEqual(shutOut(requests(8, PROXY, `${VICTIM}, ${CLIENT}`)), [CLIENT]);
});

test('what an untrusted peer writes into the header changes nothing', () => {
  assert.deepEqual(shutOut(requests(8, CLIENT, VICTIM)), [CLIENT]);
});

test('without use-forwarded no header is read', () => {
  assert.deepEqual(shutOut(requests(8, CLIENT, VICTIM), { useForwarded: false }), [CLIENT]);
});

test('no spelling of a path gets around a limit, and other paths do not count', () => {
  for (const path of ['//jmap/api', '/x/../jmap/api?a', '/%6Amap%2fapi', 'https://mx1.example.org/jmap/api'])
    assert.deepEqual(shutOut(requests(8, CLIENT, '-', path)), [CLIENT], path);
  assert.deepEqual(shutOut(requests(8, CLIENT, '-', '/webmail/?x=/jmap/api')), []);
});

test('below the rate nobody is limited', () => {
  assert.deepEqual(shutOut(requests(4, CLIENT, '-')), []);
});
