/** The policy service of Postfix: what it asks, as it was captured, and what is sent by others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { policyProtocol } from '../../src/gate/postfix-policy.ts';
import { BadRequest } from '../../src/gate/request-server.ts';
import { BANNED, BANNED6, keeper, LOCKED, OWNER } from './keeping.ts';

const REFUSAL = { action: 'reject', text: 'Access denied' } as const;

/** A request of Postfix 3.7 at RCPT, in its order. */
function request(changes: Readonly<Record<string, string>> = {}): string {
  const attributes = {
    request: 'smtpd_access_policy',
    protocol_state: 'RCPT',
    protocol_name: 'ESMTP',
    client_address: '192.0.2.140',
    client_name: 'unknown',
    client_port: '41417',
    reverse_client_name: 'unknown',
    server_address: '203.0.113.10',
    server_port: '587',
    helo_name: 'client.example.net',
    sender: 'bob@example.org',
    recipient: 'carol@example.net',
    recipient_count: '0',
    queue_id: '',
    instance: '2ab.6b02b06b.aa546.0',
    size: '0',
    etrn_domain: '',
    stress: '',
    sasl_method: '',
    sasl_username: '',
    sasl_sender: '',
    ccert_subject: '',
    encryption_protocol: 'TLSv1.3',
    policy_context: '',
    ...changes,
  };
  const lines = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
  return `${lines.join('\n')}\n\n`;
}

function ask(text: string, refusal: Parameters<typeof policyProtocol>[1] = REFUSAL): string | undefined {
  return policyProtocol(keeper(), refusal)(Buffer.from(text))?.answer;
}

describe('the policy service of Postfix', () => {
  it('has no opinion on who is neither banned nor locked', () => {
    assert.equal(ask(request()), 'action=DUNNO\n\n');
    assert.equal(ask(request({ sasl_username: 'alice@example.org' })), 'action=DUNNO\n\n');
  });

  it('refuses a banned address in every state', () => {
    for (const protocol_state of ['CONNECT', 'EHLO', 'MAIL', 'RCPT', 'VRFY', 'END-OF-MESSAGE'])
      assert.equal(ask(request({ protocol_state, client_address: BANNED })), 'action=REJECT Access denied\n\n');
    assert.equal(ask(request({ client_address: BANNED6.toUpperCase() })), 'action=REJECT Access denied\n\n');
  });

  it('refuses a locked login, but not where its owner is known', () => {
    assert.equal(ask(request({ sasl_username: LOCKED })), 'action=REJECT Access denied\n\n');
    assert.equal(ask(request({ sasl_username: LOCKED, client_address: OWNER })), 'action=DUNNO\n\n');
  });

  it('refuses for now, or hangs up, where that is wished', () => {
    const banned = request({ client_address: BANNED });
    assert.equal(ask(banned, { ...REFUSAL, action: 'defer' }), 'action=DEFER Access denied\n\n');
    assert.equal(ask(banned, { ...REFUSAL, action: 'hang-up' }), 'action=421 4.7.0 Access denied\n\n');
  });

  it('asks about the login as it was given, and about none where there is none', () => {
    const asking = keeper();
    const protocol = policyProtocol(asking, REFUSAL);
    protocol(Buffer.from(request({ sasl_username: 'Jürgen=x@example.org' })));
    protocol(Buffer.from(request({ client_address: 'unknown' })));
    assert.deepEqual(asking.asked, [
      { ip: '192.0.2.140', login: 'Jürgen=x@example.org' },
      { ip: null, login: null },
    ]);
  });

  it('takes no address and no login out of what a client says', () => {
    const forged = `x\nclient_address=${OWNER}\nsasl_username=alice@example.org`;
    for (const name of ['helo_name', 'sender', 'recipient', 'sasl_username']) {
      const login = name === 'sasl_username' ? LOCKED : '';
      assert.equal(
        ask(request({ client_address: BANNED, sasl_username: login, [name]: `${login}${forged}` })),
        'action=REJECT Access denied\n\n',
      );
    }
  });

  it('passes over lines that are no attributes, so that nobody gets through by them', () => {
    const strange = request({ client_address: BANNED, helo_name: 'a\nb\n=c\n__proto__=d\nconstructor=e' });
    assert.equal(ask(strange), 'action=REJECT Access denied\n\n');
  });

  it('waits for the empty line', () => {
    const whole = request();
    for (let length = 0; length < whole.length; length++) assert.equal(ask(whole.slice(0, length)), undefined);
  });

  it('answers the first request of several, and says how long it was', () => {
    const first = request({ client_address: BANNED });
    const exchange = policyProtocol(keeper(), REFUSAL)(Buffer.from(first + request()));
    assert.deepEqual(exchange, { length: first.length, answer: 'action=REJECT Access denied\n\n' });
  });

  it('takes nothing that is not of Postfix for a request', () => {
    for (const text of ['\n\n', 'GET / HTTP/1.1\n\n', 'client_address=192.0.2.145\n\n', request({ request: 'x' })])
      assert.throws(() => ask(text), BadRequest);
  });

  it('says nothing else to random bytes', () => {
    const noise = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.string({ unit: 'binary', maxLength: 400 }));
    fc.assert(
      fc.property(noise, fc.constantFrom('', request().slice(0, 60), '\n\n'), (bytes, beginning) => {
        const data = Buffer.concat([Buffer.from(beginning), Buffer.from(bytes as string)]);
        try {
          const exchange = policyProtocol(keeper(), REFUSAL)(data);
          assert.ok(exchange === null || (exchange.length > 0 && exchange.length <= data.length));
          assert.ok(exchange === null || /^action=[^\n]+\n\n$/.test(exchange.answer));
        } catch (error) {
          if (!(error instanceof BadRequest)) throw error;
        }
      }),
    );
  });
});
