/** What is read of a request out of access logs: formats, spellings, and what clients do to hide or forge it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ForwardingHeaders, RequestInfo } from '../../src/core/types.ts';
import { Matcher, type Sighting } from '../../src/filter/match.ts';
import { webFacts } from '../../src/filter/request.ts';
import { events, file, options } from './reading.ts';

const matcher = new Matcher(options);
const PEER = '192.0.2.26';
const XFF: ForwardingHeaders = { xForwardedFor: '198.51.100.1, 10.0.0.1' };

function read(line: string): Sighting {
  const seen: Sighting[] = [];
  matcher.readText(Buffer.from(`${line}\n`), (one) => seen.push(one));
  const [sighting, second] = seen;
  assert.ok(sighting !== undefined && second === undefined, line);
  assert.equal(sighting.ip, PEER, line);
  return sighting;
}

/** A line with this behind its status. */
function line(end: string, request = 'GET /jmap/upload/a?b=c HTTP/1.1', user = '-'): string {
  return `${PEER} - ${user} [22/Nov/2026:13:08:01 +0000] "${request}" 200 ${end}`;
}

function requestOf(text: string): RequestInfo {
  const { request } = read(text).web ?? {};
  assert.ok(request !== undefined, text);
  return request;
}

function pathOf(target: string): string | undefined {
  return webFacts({ request: `GET ${target} HTTP/1.1` }).request?.path;
}

test('the usual ends of access lines give the duration and X-Forwarded-For', () => {
  const xff = `"${XFF.xForwardedFor}"`;
  const cases: [end: string, duration: number | null, forwarded: ForwardingHeaders | undefined][] = [
    ['12', null, undefined],
    ['12 "-" "agent"', null, undefined],
    ['- "-" "agent"', null, undefined],
    [`12 "-" "agent" ${xff}`, null, XFF],
    ['12 "-" "agent" "-"', null, undefined],
    [`12 "-" "agent" ${xff} 0.512`, 512, XFF],
    [`12 "-" "agent" ${xff} 1.002 0.900, 0.100 "x"`, 1_002, XFF],
    [`12 "-" "agent" rt=0.512 ${xff}`, 512, XFF],
    ['12 "-" "agent" 1500000', 1_500, undefined],
    ['12 "-" "agent" 1/1500000', 1_500, undefined],
    [`12 "-" "agent" 1500 ${xff}`, 2, XFF],
    ['12 "-" "agent" "a" "b"', null, undefined],
    ['12 "-" "agent" something else', null, undefined],
    ['12 "-" "cut off in the', null, undefined],
  ];
  for (const [end, duration, forwarded] of cases) {
    assert.equal(requestOf(line(end)).duration, duration, end);
    assert.deepEqual(read(line(end)).web?.forwarded, forwarded, end);
  }
});

test('our own format gives the id, the kind of credentials, and both headers of proxies too', () => {
  const own = (rest: string): string => line(`12 "-" "agent" ${rest}`);
  const request = { method: 'GET', path: '/jmap/upload/a', status: 200, duration: 5, id: 'a1', credentials: true };
  const nginx = own('took=0.005s id=a1 auth=Bearer xff="-" forwarded="for=\\x22[2001:db8::1]\\x22"');
  assert.deepEqual(requestOf(nginx), request);
  assert.deepEqual(read(nginx).web?.forwarded, { forwarded: 'for="[2001:db8::1]"' });
  const apache = own(String.raw`took=5000us id=- auth=- xff="1.2.3.4" forwarded="for=\"[2001:db8::1]\""`);
  assert.deepEqual(requestOf(apache), { ...request, id: null, credentials: false });
  assert.deepEqual(read(apache).web?.forwarded, { xForwardedFor: '1.2.3.4', forwarded: 'for="[2001:db8::1]"' });
});

test('a user is somebody with credentials; of nobody the usual formats cannot tell', () => {
  assert.equal(requestOf(line('12', undefined, 'alice')).credentials, true);
  assert.equal(read(line('12', undefined, 'alice')).login, 'alice');
  assert.equal(requestOf(line('12')).credentials, null);
  assert.equal(read(line('12')).login, null);
});

test('no spelling of a path hides which one it is', () => {
  const spellings = [
    '/jmap/upload/a',
    '/jmap/upload/a?x=/../y',
    '//jmap/.//upload/a',
    '/x/../jmap/upload/b/../a',
    '/../../jmap/upload/a',
    '/%6Amap/%75pload/%61',
    '/%2e%2E/jmap%2fupload/a',
    'https://mx1.example.org:443/jmap/upload/a#x',
  ];
  for (const spelling of spellings) assert.equal(pathOf(spelling), '/jmap/upload/a', spelling);
  assert.equal(pathOf('/jmap/'), '/jmap/');
  assert.equal(pathOf('/jmap/x/..'), '/jmap/');
  assert.equal(pathOf('/'), '/');
  assert.equal(pathOf('http://mx1.example.org'), '/');
  assert.equal(pathOf('/?a'), '/');
  assert.equal(pathOf('*'), '*');
  assert.equal(pathOf('mx1.example.org:443'), 'mx1.example.org:443');
  assert.equal(pathOf('/%0a%00%7f%zz%'), '/%0a%00%7f%zz%');
  assert.equal(pathOf('/j%C3%BCrgen'), '/jürgen');
  assert.equal(pathOf(`/${'a/'.repeat(5_000)}`)?.length, 1_000);
});

test('what is no request line is no request', () => {
  for (const request of ['', '-', 'GET', 'nonsense']) assert.deepEqual(webFacts({ request }), {});
  assert.equal(webFacts({ request: 'GET /' }).request?.path, '/');
});

test('of a long header the last whole entries are kept', () => {
  const forwardedfor = `203.0.113.77, ${'192.0.2.1, '.repeat(1_000)}198.51.100.9`;
  const { xForwardedFor: value = '' } = webFacts({ forwardedfor }).forwarded ?? {};
  assert.ok(value.length <= 1_000 && value.length > 900);
  assert.match(value, /^ (?:192\.0\.2\.1, )+198\.51\.100\.9$/);
  assert.equal(webFacts({ forwardedfor: 'x'.repeat(2_000) }).forwarded?.xForwardedFor, '');
});

test('a failure carries its request with it, and both come out as one event', () => {
  const failed = `${PEER} - alice [22/Nov/2026:13:08:01 +0000] "GET /dav/ HTTP/1.1" 401 12 "-" "-" "198.51.100.1"`;
  const [joined, second] = events([file([failed])]);
  assert.equal(second, undefined);
  const { kind, login, request, forwarded } = joined?.event ?? {};
  assert.deepEqual([kind, login, request?.path, request?.status], ['authentication', 'alice', '/dav/', 401]);
  assert.deepEqual(forwarded, { xForwardedFor: '198.51.100.1' });
});

test('nothing that a client sends changes what the server wrote about its request', () => {
  const escaped = (text: string): string =>
    text.replace(
      /["\\]|[^\x20-\x7e]/g,
      (char) => `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
  const pieces = [
    '"',
    '\\',
    ' ',
    '-',
    '[',
    'took=9.000s',
    'id=x',
    'xff="',
    'forwarded="',
    '" 401 5',
    '203.0.113.77',
    ',',
  ];
  const hostile = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => escaped(parts.join('')));
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, (path, agent, xff, forwarded) => {
      const end = `took=0.005s id=a1 auth=Basic xff="${xff}" forwarded="${forwarded}"`;
      const { request, forwarded: told } =
        read(line(`12 "${agent}" "${agent}" ${end}`, `GET /x${path} HTTP/1.1`)).web ?? {};
      assert.deepEqual([request?.status, request?.duration, request?.id, request?.method], [200, 5, 'a1', 'GET']);
      if (xff !== '' && xff !== '-') assert.equal(typeof told?.xForwardedFor, 'string');
    }),
    { numRuns: 3_000 },
  );
});

test('every line that HAProxy cuts is a request as far as it goes', () => {
  const whole = `${PEER}:5 [22/Nov/2026:16:20:22.099] web pages/one 0/0/0/0/7 200 210 - - ---- 1/1/0/0/0 0/0 {Basic} "GET /aaaa HTTP/1.1"`;
  const start = whole.indexOf('/aaaa') + 1;
  for (let end = start; end <= whole.length; end++) {
    const { method, path, status, duration, credentials } = requestOf(whole.slice(0, end));
    assert.deepEqual([method, status, duration, credentials], ['GET', 200, 7, true]);
    assert.ok('/aaaa HTTP/1.1'.startsWith(path), path);
  }
});
