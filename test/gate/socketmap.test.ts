/** The lookup tables for Postfix: the keys that it asks for, as they were captured, and what is sent by others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BadRequest } from '../../src/gate/request-server.ts';
import { socketmapProtocol } from '../../src/gate/socketmap.ts';
import { BANNED, BANNED6, keeper, LOCKED } from './keeping.ts';

const REFUSAL = { action: 'reject', text: 'Access denied' } as const;
const FOUND = '23:OK REJECT Access denied,';
const NOT_FOUND = '9:NOTFOUND ,';

function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

function ask(bytes: string | Buffer): string | undefined {
  return socketmapProtocol(keeper(), REFUSAL)(Buffer.from(bytes as string))?.answer;
}

describe('the lookup tables for Postfix', () => {
  it('find banned addresses', () => {
    assert.equal(ask(netstring(`client ${BANNED}`)), FOUND);
    assert.equal(ask(netstring(`client ${BANNED6}`)), FOUND);
    assert.equal(ask(netstring('client 192.0.2.141')), NOT_FOUND);
  });

  it('do not find the names of clients, under which Postfix asks first', () => {
    for (const name of ['unknown', 'scanner20.evil.example', `${BANNED}.evil.example`, ''])
      assert.equal(ask(netstring(`client ${name}`)), NOT_FOUND);
  });

  it('find locked logins, whatever these are written with', () => {
    assert.equal(ask(netstring(`sasl ${LOCKED}`)), FOUND);
    assert.equal(ask(netstring('sasl alice@example.org')), NOT_FOUND);
    const asking = keeper();
    socketmapProtocol(asking, REFUSAL)(Buffer.from(netstring('sasl Jürgen, the 2nd: x')));
    assert.deepEqual(asking.asked, [{ ip: null, login: 'Jürgen, the 2nd: x' }]);
  });

  it('know no other map', () => {
    for (const request of ['', 'client', 'logins bob@example.org', ` ${BANNED}`])
      assert.equal(ask(netstring(request)), netstring('PERM there are only the maps "client" and "sasl"'));
  });

  it('wait for the end of a request', () => {
    const whole = Buffer.from(netstring('sasl jürgen@example.org'));
    for (let length = 1; length < whole.length; length++) assert.equal(ask(whole.subarray(0, length)), undefined);
    assert.equal(ask(whole), NOT_FOUND);
  });

  it('answer the first request of several, and say how long it was', () => {
    const first = netstring(`client ${BANNED}`);
    const exchange = socketmapProtocol(keeper(), REFUSAL)(Buffer.from(first + netstring('client unknown')));
    assert.deepEqual(exchange, { length: first.length, answer: FOUND });
  });

  it('take nothing that is no netstring', () => {
    for (const bytes of ['x', ':', ',', '-1:x,', '01:x,', '1:xy', ' 1:x,', '123456', '123456:x', '0x1:x,', 'GET /'])
      assert.throws(() => ask(bytes), BadRequest, bytes);
  });

  it('say nothing else to random bytes', () => {
    const beginnings = fc.constantFrom('', '4:', '25:client ', '10:sasl ', '99999:');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), beginnings, (bytes, beginning) => {
        const data = Buffer.concat([Buffer.from(beginning), bytes]);
        try {
          const exchange = socketmapProtocol(keeper(), REFUSAL)(data);
          assert.ok(exchange === null || (exchange.length > 0 && exchange.length <= data.length));
          assert.ok(exchange === null || /^\d+:(?:OK REJECT|NOTFOUND|PERM) [^\n]*,$/.test(exchange.answer));
        } catch (error) {
          if (!(error instanceof BadRequest)) throw error;
        }
      }),
    );
  });
});
