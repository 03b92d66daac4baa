/** What exported limits do in front of a site, whichever web server enforces them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLIENT6 } from '../support/netns.ts';
import { ALLOWED, configOf, type HttpLab, httpLab, LIMITS, PROXY, type Start } from './http-lab.ts';
import type { Step } from './http-peer.ts';

const JMAP = '/jmap/api';
const UPLOAD = '/jmap/upload/a1';
const LOGIN = '/auth/login';

export function testLimits(start: Start): void {
  let small: HttpLab;
  before(async () => {
    small = await httpLab(start, configOf(LIMITS));
  });
  after(() => small.remove());
  const lab = (): HttpLab => small;
  const answers = (served: number, over: number): string =>
    [...Array(served).fill('200'), ...Array(over).fill('429')].join(' ');
  const busy = (served: number, over: number): string =>
    [...Array(over).fill('429'), ...Array(served).fill('200')].join(' ');

  test('an address gets as many anonymous requests as the limit says, and others go on', async () => {
    const [one, other] = [lab().stranger(), lab().stranger()];
    assert.deepEqual(await lab().ask(one, { path: JMAP, times: 8 }), [answers(5, 3)]);
    assert.deepEqual(await lab().ask(other, { path: JMAP, times: 2 }), [answers(2, 0)]);
  });

  test('IPv6 addresses of one prefix count together', async () => {
    const [one, neighbour, other] = CLIENT6;
    assert.deepEqual(await lab().ask(one, { path: JMAP, times: 5 }), [answers(5, 0)]);
    assert.deepEqual(await lab().ask(neighbour, { path: JMAP, times: 1 }), [answers(0, 1)]);
    assert.deepEqual(await lab().ask(other, { path: JMAP, times: 1 }), [answers(1, 0)]);
  });

  test('attempts to log in have a limit of their own, however the path is spelled', async () => {
    const from = lab().stranger();
    const spelled = ['/%61uth/login', '//auth//login', '/x/../auth/login', '/./auth/./login?a=/jmap'];
    const steps = [{ path: LOGIN, times: 4 }, ...spelled.map((path) => ({ path, times: 1 }))];
    assert.deepEqual(await lab().ask(from, ...steps), [answers(3, 1), ...spelled.map(() => answers(0, 1))]);
    assert.deepEqual(await lab().ask(from, { path: JMAP, times: 1 }), [answers(1, 0)]);
  });

  test('an account is one from wherever it asks, and strangers with its name are not it', async () => {
    const [one, other] = [lab().stranger(), lab().stranger()];
    assert.deepEqual(await lab().ask(one, as('alice', 'right', 13)), [answers(12, 1)]);
    const loud = { Authorization: basic('alice', 'right').replace('Basic', 'BASIC') };
    assert.deepEqual(
      await lab().ask(other, as('alice', 'right', 1), { path: JMAP, times: 1, headers: loud }, as('alice', 'wrong', 1)),
      [answers(0, 1), answers(0, 1), answers(1, 0)],
    );
  });

  test('long tokens are told apart by their ends, and counted', async () => {
    const bearer = (end: string): Step => ({
      path: JMAP,
      times: 13,
      headers: { Authorization: `Bearer ${'x'.repeat(2_000)}.${end}` },
    });
    assert.deepEqual(await lab().ask(lab().stranger(), bearer('one'), bearer('two')), [answers(12, 1), answers(12, 1)]);
  });

  test('who is allowed is not limited', async () => {
    assert.deepEqual(await lab().ask(ALLOWED, { path: JMAP, times: 8 }), [answers(8, 0)]);
  });

  test('there is room again after the period, also for who kept asking', async (t) => {
    const quick = await httpLab(start, configOf('jmap.rate-limit.anonymous = "3/6s"'));
    t.after(() => quick.remove());
    const from = quick.stranger();
    const begin = performance.now();
    assert.deepEqual(await quick.ask(from, { path: JMAP, times: 5 }), [answers(3, 2)]);
    await sleep(1_000);
    assert.deepEqual(await quick.ask(from, { path: JMAP, times: 1 }), [answers(0, 1)]);
    await sleep(begin + 7_000 - performance.now());
    assert.deepEqual(await quick.ask(from, { path: JMAP, times: 1 }), [answers(1, 0)]);
  });

  test('paths that are not listed are not limited', async () => {
    assert.deepEqual(await lab().ask(lab().stranger(), { path: '/webmail', times: 15 }), [answers(15, 0)]);
  });

  test('who is not trusted forges X-Forwarded-For in vain', async () => {
    const steps = Array.from({ length: 6 }, (_, index) => forwarded(`203.0.113.${index}`));
    assert.deepEqual(await lab().ask(lab().stranger(), ...steps, forwarded('127.0.0.1')), [
      ...Array(5).fill(answers(1, 0)),
      answers(0, 1),
      answers(0, 1),
    ]);
  });

  test('through a trusted proxy the client is limited, and the proxy is not', async () => {
    const client = '203.0.113.77';
    assert.deepEqual(await lab().ask(PROXY, forwarded(client, 6), forwarded('203.0.113.78')), [
      answers(5, 1),
      answers(1, 0),
    ]);
    const named = [
      ['198.51.100.1', client],
      ['198.51.100.1', `198.51.100.2, ${client}`, PROXY],
      `198.51.100.1, ${client}`,
      `unknown, ${client}`,
      `127.0.0.1, ${client}`,
      `${client}, 2001:db8:9::1`,
      `198.51.100.1, ${client}, ${PROXY}, 2001:db8:9::1`,
    ];
    assert.deepEqual(
      await lab().ask(PROXY, ...named.map((header) => forwarded(header))),
      named.map(() => answers(0, 1)),
    );
    const unknown = ['', 'unknown', `${client}, garbage`, `${client}, ${PROXY}, _hidden`];
    assert.deepEqual(
      await lab().ask(PROXY, ...unknown.map((header) => forwarded(header)), { path: JMAP, times: 8 }),
      [...unknown.map(() => answers(1, 0)), answers(8, 0)],
      'nobody who is not named pays',
    );
  });

  test('of uploads four run at the same time, and the next when one has ended', async () => {
    const from = lab().stranger();
    const headers = { Authorization: basic('bob', 'uploads') };
    const uploads = (count: number): Step => ({ path: UPLOAD, headers, uploads: count });
    assert.deepEqual(await lab().ask(from, uploads(5), uploads(4)), [busy(4, 1), busy(4, 0)]);
  });

  test('of other requests four run at the same time, but streams are none of them', async () => {
    const from = lab().stranger();
    const headers = { Authorization: basic('bob', 'requests') };
    assert.deepEqual(await lab().ask(from, { path: JMAP, headers, uploads: 6 }), [busy(4, 2)]);
    const others = { Authorization: basic('bob', 'streams') };
    assert.deepEqual(await lab().ask(from, { path: '/jmap/eventsource/', headers: others, uploads: 6 }), [busy(6, 0)]);
  });
}

function forwarded(header: string | string[], times = 1): Step {
  return { path: JMAP, times, headers: { 'X-Forwarded-For': header } };
}

function as(user: string, password: string, times: number): Step {
  return { path: JMAP, times, headers: { Authorization: basic(user, password) } };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
