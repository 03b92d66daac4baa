/** The auth policy server of Dovecot: requests as Dovecot sends them, over real connections, and requests of others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { after, describe, it, test } from 'node:test';
import type { Answer, Question } from '../../src/core/verdict.ts';
import { delaySeconds } from '../../src/gate/auth-policy-request.ts';
import { type DovecotPolicyOptions, dovecotPolicy } from '../../src/gate/dovecot-policy.ts';
import type { Gatekeeper, LoginReport } from '../../src/gate/types.ts';
import { freePort } from '../support/free-port.ts';
import { BAN, BANNED, keeper, LOCKED, OWNER } from './keeping.ts';

const MESSAGE = 'Locked for now';
const ALLOWED = { status: 0, msg: '' };
const REFUSED = { status: -1, msg: MESSAGE };

interface Seen extends Gatekeeper {
  readonly asked: Question[];
  readonly told: Question[];
  readonly reports: LoginReport[];
}

function gatekeeper(answer?: Answer): Seen {
  const { asked, ask } = keeper();
  const told: Question[] = [];
  const reports: LoginReport[] = [];
  return {
    asked,
    told,
    reports,
    ask: (question) => {
      const own = ask(question);
      return answer ?? own;
    },
    refused: (question) => void told.push(question),
    reported: (report) => void reports.push(report),
  };
}

const agent = new Agent({ keepAlive: true });
const stops: (() => Promise<void>)[] = [];
after(async () => {
  agent.destroy();
  await Promise.all(stops.map((stop) => stop()));
});

/** Starts a gate of its own and gives its port. */
async function open(seen: Gatekeeper, own: Partial<DovecotPolicyOptions> = {}): Promise<number> {
  const port = await freePort();
  const gate = dovecotPolicy(
    { host: '127.0.0.1', port, key: null, maxDelay: 5_000, reports: true, message: MESSAGE, ...own },
    seen,
  );
  await gate.start();
  stops.push(() => gate.stop());
  assert.equal(gate.address, `127.0.0.1:${port}`);
  return port;
}

interface Reply {
  readonly code: number | undefined;
  readonly body: unknown;
}

function post(
  port: number,
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        agent,
        headers: { 'Content-Type': 'application/json', ...headers },
      },
      (response) => {
        let text = '';
        response.on('data', (data: Buffer) => {
          text += data.toString();
        });
        response.on('end', () =>
          resolve({ code: response.statusCode, body: response.statusCode === 200 ? JSON.parse(text) : text }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** What Dovecot 2.3 sends by its default attributes. */
function fields(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    device_id: '',
    login: 'alice@example.org',
    protocol: 'imap',
    pwhash: '0544',
    remote: '192.0.2.81',
    session_id: 'ip50J95guoF/AAAB',
    tls: true,
    ...changes,
  });
}

const allow = '/?command=allow';
const report = '/?command=report';

describe('asking before a login', () => {
  it('allows whom nothing speaks against, and asks with address and login', async () => {
    const seen = gatekeeper();
    const port = await open(seen);
    assert.deepEqual(await post(port, allow, fields()), { code: 200, body: ALLOWED });
    assert.deepEqual(await post(port, allow, fields({ remote: '::ffff:192.0.2.9' })), { code: 200, body: ALLOWED });
    assert.deepEqual(await post(port, allow, fields({ remote: '', login: '' })), { code: 200, body: ALLOWED });
    assert.deepEqual(seen.asked, [
      { ip: '192.0.2.81', login: 'alice@example.org', isAttempt: true },
      { ip: '192.0.2.9', login: 'alice@example.org', isAttempt: true },
      { ip: null, login: null, isAttempt: true },
    ]);
    assert.deepEqual(seen.told, []);
  });

  it('takes the second question about the same password for the same attempt, where it let the first one through', async () => {
    const seen = gatekeeper();
    const port = await open(seen);
    for (const pwhash of ['aa', 'aa', 'aa', 'bb']) await post(port, allow, fields({ pwhash }));
    assert.deepEqual(
      seen.asked.map(({ isAttempt }) => isAttempt),
      [true, false, true, true],
    );
    const refusing = gatekeeper({ type: 'refuse', ban: { ...BAN, until: null } });
    const other = await open(refusing);
    for (const pwhash of ['aa', 'aa']) await post(other, allow, fields({ pwhash }));
    assert.deepEqual(
      refusing.asked.map(({ isAttempt }) => isAttempt),
      [true, true],
    );
  });

  it('refuses whoever has to wait', async () => {
    const limit = { count: 10, period: 60_000 };
    const rate = { name: 'authentication', limit, remaining: 0, freeAt: 1, nextLeaves: 1 } as const;
    const port = await open(gatekeeper({ type: 'wait', rate }));
    assert.deepEqual(await post(port, allow, fields()), { code: 200, body: REFUSED });
  });

  it('refuses locked logins and banned addresses with the message, and tells of it where no report will', async () => {
    const seen = gatekeeper();
    const port = await open(seen, { reports: false });
    assert.deepEqual(await post(port, allow, fields({ login: LOCKED })), { code: 200, body: REFUSED });
    assert.deepEqual(await post(port, allow, fields({ remote: BANNED })), { code: 200, body: REFUSED });
    assert.deepEqual(await post(port, allow, fields({ login: LOCKED, remote: OWNER })), { code: 200, body: ALLOWED });
    assert.deepEqual(seen.told, [
      { ip: '192.0.2.81', login: LOCKED },
      { ip: BANNED, login: 'alice@example.org' },
    ]);
    const reporting = gatekeeper();
    assert.deepEqual(await post(await open(reporting), allow, fields({ login: LOCKED })), { code: 200, body: REFUSED });
    assert.deepEqual(reporting.told, []);
  });

  it('delays by a second more for each doubling of the failures, up to the longest delay', async () => {
    const seconds = [0, 1, 2, 3, 4, 7, 8, 16, 100, 5_000].map((failures) => delaySeconds(failures, 5_000));
    assert.deepEqual(seconds, [0, 0, 1, 1, 2, 2, 3, 4, 5, 5]);
    assert.deepEqual([delaySeconds(100, null), delaySeconds(100, 500)], [0, 0]);
    const port = await open(gatekeeper({ type: 'allow', failures: 9 }));
    assert.deepEqual(await post(port, allow, fields()), { code: 200, body: { status: 3, msg: '' } });
  });
});

describe('reports', () => {
  const common = { reporter: 'dovecot-auth-policy', ip: '192.0.2.81', session: 'ip50J95guoF/AAAB', password: '0544' };

  it('hands on successes, failures and our own refusals', async () => {
    const seen = gatekeeper();
    const port = await open(seen);
    for (const success of [true, false])
      assert.deepEqual(await post(port, report, fields({ success, policy_reject: false })), {
        code: 200,
        body: ALLOWED,
      });
    await post(port, report, fields({ success: false, policy_reject: true, fail_type: 'policy' }));
    const login = 'alice@example.org';
    assert.deepEqual(seen.reports, [
      { ...common, login, outcome: 'success' },
      { ...common, login, outcome: 'failure' },
      { ...common, login, outcome: 'refused' },
    ]);
  });

  it('knows no session for Postfix and no hash where Dovecot sends none, and takes nothing that only looks like one', async () => {
    const seen = gatekeeper();
    const port = await open(seen);
    for (const [session_id, pwhash] of [
      ['', ''],
      ['a b', 'plain'],
      ['x'.repeat(65), 'f'.repeat(65)],
      [1, null],
    ])
      await post(port, report, fields({ session_id, pwhash, success: false, policy_reject: false }));
    assert.deepEqual(
      seen.reports.map(({ session, password }) => [session, password]),
      [1, 2, 3, 4].map(() => [null, null]),
    );
  });

  it('leaves out outages that Dovecot 2.4 names, and whoever has no address', async () => {
    const seen = gatekeeper();
    const port = await open(seen);
    await post(port, report, fields({ success: false, policy_reject: false, fail_type: 'internal' }));
    await post(port, report, fields({ success: false, policy_reject: false, remote: '' }));
    assert.deepEqual(seen.reports, []);
    await post(port, report, fields({ success: false, policy_reject: false, fail_type: 'credentials' }));
    assert.equal(seen.reports.length, 1);
  });

  it('hands on nothing where reports are not wanted', async () => {
    const seen = gatekeeper();
    const port = await open(seen, { reports: false });
    assert.deepEqual(await post(port, report, fields({ success: true })), { code: 200, body: ALLOWED });
    assert.deepEqual(seen.reports, []);
  });
});

describe('requests of others', () => {
  it('needs the key where there is one', async () => {
    const seen = gatekeeper();
    const port = await open(seen, { key: 's3cret-key' });
    const codes = [];
    for (const headers of [{}, { 'X-API-Key': 's3cret' }, { 'X-API-Key': 's3cret-key' }])
      codes.push((await post(port, allow, fields(), headers)).code);
    assert.deepEqual(codes, [401, 401, 200]);
    assert.equal(seen.asked.length, 1);
  });

  it('answers what is malformed or too large with an error, and goes on', async () => {
    const seen = gatekeeper();
    const port = await open(seen);
    const bodies = ['', '{', '[]', 'null', '"x"', '{}', fields({ login: 1 }), fields({ remote: 'x' })];
    for (const body of bodies) assert.equal((await post(port, allow, body)).code, 400, body.slice(0, 40));
    for (const path of ['/', '/?command=', '/?command=allow&command=allow', '/?command=drop'])
      assert.equal((await post(port, path, fields())).code, 400, path);
    assert.equal((await post(port, '/other?command=allow', fields())).code, 404);
    assert.equal((await post(port, allow, fields({ x: 'x'.repeat(70_000) }))).code, 413);
    assert.deepEqual(seen.asked, []);
    const strange = '\0\n"\\\u2028\ud800€';
    assert.equal((await post(port, allow, fields({ login: strange, __proto__: null, constructor: {} }))).code, 200);
    assert.deepEqual(seen.asked, [{ ip: '192.0.2.81', login: strange, isAttempt: true }]);
  });

  it('refuses a login that is longer than any, and counts it against its address', async () => {
    const seen = gatekeeper();
    const port = await open(seen);
    const login = `alice+${'x'.repeat(2_000)}@example.org`;
    assert.deepEqual(await post(port, allow, fields({ login })), { code: 200, body: REFUSED });
    await post(port, report, fields({ login, success: false, policy_reject: true }));
    assert.deepEqual(
      seen.reports.map(({ ip, login, outcome }) => [ip, login?.length, outcome]),
      [['192.0.2.81', 1_024, 'failure']],
    );
  });

  it('lets nobody wait for a slow or a silent client', async () => {
    const port = await open(gatekeeper());
    const slow = Array.from({ length: 50 }, () => connect({ host: '127.0.0.1', port }));
    for (const [index, socket] of slow.entries()) {
      socket.on('error', () => {});
      await once(socket, 'connect');
      if (index % 2 === 0) socket.write('POST /?command=allow HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
    }
    assert.deepEqual(await post(port, allow, fields()), { code: 200, body: ALLOWED });
    for (const socket of slow) socket.destroy();
  });
});

test('a port that is taken is an error, and the gate can be started later', async () => {
  const port = await freePort();
  const taken = createServer().listen(port, '127.0.0.1');
  await once(taken, 'listening');
  const options = { host: '127.0.0.1', port, key: null, maxDelay: null, reports: true, message: MESSAGE };
  const gate = dovecotPolicy(options, gatekeeper());
  await assert.rejects(gate.start(), /EADDRINUSE/);
  taken.close();
  await once(taken, 'close');
  await gate.start();
  stops.push(() => gate.stop());
  assert.deepEqual(await post(port, allow, fields()), { code: 200, body: ALLOWED });
});
