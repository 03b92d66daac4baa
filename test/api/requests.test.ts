import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeControl } from './fake-control.ts';
import { ask, serve } from './serving.ts';

test('a request that cannot be used is a 400 whose sentence names the field and what was found', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['/bans', {}, /"subject": it is missing, expected a value of type string/],
    ['/bans', { subject: 7 }, /"subject": it is 7, expected a value of type string/],
    ['/bans', { subject: '' }, /"subject": it is "", expected at least 1/],
    ['/bans', { subject: 'x'.repeat(20_001) }, /"subject": it is a string of 20001 characters, expected at most 20000/],
    ['/bans', { subject: 'a', duration: '1h' }, /"duration": it is "1h", expected/],
    ['/bans', { subject: 'a', duration: 1.5 }, /"duration": it is 1.5, expected a whole number/],
    ['/bans', { subject: 'a', duration: -1 }, /"duration": it is -1, expected at least 0/],
    ['/bans', { subject: 'a', force: 'yes' }, /"force": it is "yes", expected a value of type boolean/],
    ['/bans', { subject: 'a', forse: true }, /there is no field "forse"/],
    ['/bans', [], /its body is an array of 0, expected a JSON object/],
    ['/bans', null, /its body is null, expected a JSON object/],
    ['/unban', { all: false }, /either "subject", or "all"/],
    ['/unban', { subject: 'a', all: true }, /either "subject", or "all"/],
    ['/allowed', { network: {} }, /"network": it is an object, expected a value of type string/],
    ['/disallow', {}, /"network": it is missing/],
    ['/distrust', { network: '192.0.2.0/24' }, /"login": it is missing/],
    ['/import', { bans: 'all' }, /"bans": it is "all", expected a value of type array/],
    ['/import', { bans: [{ subject: 'a', until: 'x' }] }, /"bans.0.until": it is "x", expected/],
    ['/import', { bans: [{ subject: 'a' }] }, /"bans.0.until": it is missing/],
    ['/restore', { bans: [{ subject: 'a' }] }, /"bans.0.since": it is missing/],
    ['/restore', { history: [{}], more: [] }, /there is no field "more"|"history.0.subject": it is missing/],
  ];
  for (const [path, body, sentence] of cases) {
    const answer = await ask(socketPath, 'POST', path, JSON.stringify(body));
    assert.equal(answer.status, 400, `${path} ${JSON.stringify(body)} gave ${answer.status}`);
    assert.match(JSON.parse(answer.text).error, sentence);
  }
  assert.deepEqual(control.asked, []);
});

test('a body that is no JSON, or none at all, is a 400', async (t) => {
  const control = fakeControl();
  const { socketPath, logged } = await serve(t, control);
  for (const body of ['', '{', 'subject=192.0.2.1', '\0\xff', '{"subject":"192.0.2.1","__proto__":{"force":true}}']) {
    const answer = await ask(socketPath, 'POST', '/bans', body);
    assert.equal(answer.status, 400, `${JSON.stringify(body)} gave ${answer.status}: ${answer.text}`);
    assert.equal(typeof JSON.parse(answer.text).error, 'string');
  }
  assert.deepEqual(control.asked, []);
  assert.deepEqual(logged, []);
});

test('the content type does not matter, so that plain curl -d works', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const answer = await ask(socketPath, 'POST', '/bans', '{"subject":"192.0.2.1"}');
  assert.equal(answer.status, 200);
  assert.deepEqual(control.asked, [['ban', { subject: '192.0.2.1', force: false }]]);
});

test('a body of more than 64 KiB is refused, for an import it is not', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const large = JSON.stringify({ subject: '192.0.2.1', reason: 'x'.repeat(70_000) });
  const answer = await ask(socketPath, 'POST', '/bans', large);
  assert.equal(answer.status, 413);
  assert.match(JSON.parse(answer.text).error, /too large/);
  const bans = Array.from({ length: 5_000 }, (_, i) => ({ subject: `192.0.2.${i}`, until: null, reason: 'imported' }));
  const imported = await ask(socketPath, 'POST', '/import', JSON.stringify({ bans }));
  assert.deepEqual([imported.status, JSON.parse(imported.text).imported], [200, 5_000]);
  assert.equal(control.asked.length, 1);
});

test('a login may be of any script, and arrives as it was sent', async (t) => {
  const control = fakeControl();
  const { socketPath } = await serve(t, control);
  const subject = 'login:пользователь"\\\u0000😀';
  const answer = await ask(socketPath, 'POST', '/unban', JSON.stringify({ subject }));
  assert.deepEqual(JSON.parse(answer.text), { freed: [subject] });
});
