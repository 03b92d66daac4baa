/** What mail servers and web servers ask, damaged: no request gets a banned client through, whatever it is made of. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { clientAddress } from '../../../src/core/forwarded.ts';
import { type Address, type Network, parseAddress, parseNetwork } from '../../../src/core/ip.ts';
import { readPolicyRequest, reportOf } from '../../../src/gate/auth-policy-request.ts';
import { answerTo, type RequestRules, readId, readRequest } from '../../../src/gate/http-request.ts';
import { policyProtocol } from '../../../src/gate/postfix-policy.ts';
import { BadRequest, type Exchange, type Protocol } from '../../../src/gate/request-server.ts';
import { socketmapProtocol } from '../../../src/gate/socketmap.ts';
import { NOON } from '../../filter/reading.ts';
import { BANNED, keeper } from '../../gate/keeping.ts';
import type { Random } from '../../support/random.ts';
import { mutate, mutateJson, oneLine } from '../mutate.ts';
import type { Session, Target } from '../target.ts';

const REFUSAL = { action: 'reject', text: 'no' } as const;
const POLICY = 'request=smtpd_access_policy\nprotocol_state=RCPT\nhelo_name=h\nsender=s@example.net\nsasl_username=';
const VICTIM = '203.0.113.77';
const PROXY = address('10.0.0.1');
const CLIENT = address('192.0.2.9');
const PROXIES: readonly Network[] = [network('10.0.0.0/8')];

function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed !== null);
  return parsed;
}

function network(text: string): Network {
  const parsed = parseNetwork(text);
  assert.ok(parsed !== null);
  return parsed;
}

/** A target that makes one input of a step. */
function single(inputs: string, feed: (random: Random, fed: (input: string) => void) => void): Target {
  return {
    inputs,
    open: (random): Session => {
      let last = '';
      return {
        step: () => {
          feed(random, (input) => {
            last = input;
          });
          return 1;
        },
        last: () => JSON.stringify(last),
      };
    },
  };
}

const policy = policyProtocol(keeperWithoutMemory(), REFUSAL);
const map = socketmapProtocol(keeperWithoutMemory(), REFUSAL);

export const postfix: Target = single('requests of Postfix', (random, fed) => {
  if (random.chance(0.5)) {
    // Postfix writes the address before everything that a client says, and takes line breaks out of that.
    const texts = oneLine(mutate(POLICY.replaceAll('\n', '|'), POLICY, random)).split('|');
    const said = texts.filter((text) => text !== '').join(random.pick(['\n', '|']));
    const input = `request=smtpd_access_policy\nclient_address=${BANNED}\n${said}x\n\n`;
    fed(input);
    assert.deepEqual(conversation(policy, [Buffer.from(input, 'latin1')]), ['action=REJECT no\n\n']);
    return;
  }
  const request = random.chance(0.5) ? `${POLICY}bob\nclient_address=${BANNED}\n\n` : '19:client 192.0.2.145,';
  const input = mutate(request.repeat(1 + random.below(3)), request, random);
  fed(input);
  for (const protocol of [policy, map]) talk(protocol, Buffer.from(input, 'latin1'), random);
});

const ASKED = {
  login: 'alice',
  pwhash: '00ab',
  remote: '192.0.2.9',
  device_id: '',
  protocol: 'imap',
  session_id: 'abc+/def',
  success: false,
  policy_reject: false,
  fail_type: 'credentials',
};

export const dovecot: Target = single('requests of Dovecot', (random, fed) => {
  const body = JSON.stringify(mutateJson(ASKED, random));
  const input = random.chance(0.3) ? mutate(body, body, random) : body;
  fed(input);
  const request = readPolicyRequest(random.pick(['allow', 'report', '', ['allow'], null]), input);
  if (request === null) return;
  assert.ok((request.login ?? '').length <= 1_024 && (request.session ?? '').length <= 64);
  const report = reportOf(request);
  assert.ok(report === null || report.ip === request.ip);
});

const RULES: RequestRules = {
  useForwarded: true,
  forwardedHeader: 'x-forwarded-for',
  trustedProxies: PROXIES,
  accountHeader: 'x-account',
  hash: (credentials) => `hash of ${credentials.length}`,
};

const HEADERS = {
  'x-original-method': 'GET',
  'x-original-uri': '/jmap/upload?x=1',
  'x-forwarded-uri': '/jmap',
  'x-request-id': 'abc',
  authorization: 'Basic YWxpY2U6c2VjcmV0',
  forwarded: `for=${VICTIM}`,
  'x-account': '',
};

export const http: Target = single('HTTP requests', (random, fed) => {
  const headers = textsOf(mutateJson(HEADERS, random));
  // The server itself adds the end of this one; all before it is the client's word.
  const said = oneLine(mutate(`${VICTIM}, for="${VICTIM}"`, '", ,', random));
  headers['x-forwarded-for'] = `${said}, ${CLIENT}`;
  for (const name of ['x-original-uri', 'x-forwarded-uri'])
    headers[name] = oneLine(mutate('/jmap/?x=1', '/../%2e', random));
  fed(JSON.stringify(headers));
  const dialect = random.pick(['auth-request', 'forward-auth'] as const);
  const request = readRequest(headers, dialect, RULES);
  assert.equal(request?.ip, CLIENT, 'what a client says does not change who it is');
  assert.ok(request.path.length <= 8_192 && (request.account?.login ?? '').length <= 1_024);
  assert.ok((readId(headers) ?? '').length <= 128);
  for (const key of ['x-forwarded-for', 'forwarded']) headers[key] = mutate(String(headers[key] ?? ''), said, random);
  readRequest(headers, dialect, { ...RULES, forwardedHeader: random.pick(['forwarded', 'x-forwarded-for']) });
  const rate = {
    name: 'account',
    limit: { count: 1, period: 1_000 },
    remaining: 0,
    freeAt: NOON,
    nextLeaves: null,
  } as const;
  assert.equal(answerTo({ type: 'limited', rate, bans: [] }, dialect, NOON + random.below(5_000)).status >= 403, true);
});

export const forwarded: Target = single('forwarding headers', (random, fed) => {
  const said = oneLine(mutate(`for=${VICTIM};by="${VICTIM}", for="[2001:db8::1]:80"`, 'for=10.0.0.2, "\\"', random));
  const older = `${said},${CLIENT}`;
  const standard = `${said},for=${CLIENT}`;
  fed(`${older} | ${standard}`);
  const isTrusted = (one: Address): boolean => one.startsWith('10.');
  assert.equal(clientAddress(PROXY, { xForwardedFor: older }, isTrusted, 'x-forwarded-for').address, CLIENT);
  assert.equal(clientAddress(PROXY, { forwarded: standard }, isTrusted, 'forwarded').address, CLIENT);
  const both = { forwarded: standard, xForwardedFor: mutate(older, said, random) };
  clientAddress(PROXY, both, isTrusted, random.pick(['forwarded', 'x-forwarded-for']));
  assert.equal(
    clientAddress(CLIENT, both, isTrusted, 'forwarded').address,
    CLIENT,
    'who is no proxy speaks for itself alone',
  );
});

/** All that is asked, piece by piece as it may come: the answers are those that it gets in one piece. */
function talk(protocol: Protocol, input: Buffer, random: Random): void {
  const whole = conversation(protocol, [input]);
  const cut = random.below(input.length + 1);
  assert.deepEqual(conversation(protocol, [input.subarray(0, cut), input.subarray(cut)]), whole);
}

function conversation(protocol: Protocol, pieces: readonly Buffer[]): string[] {
  const answers: string[] = [];
  let rest = Buffer.alloc(0);
  for (const piece of pieces) {
    rest = Buffer.concat([rest, piece]);
    while (rest.length > 0) {
      const exchange = answered(protocol, rest);
      if (exchange === 'bad') return [...answers, 'bad'];
      if (exchange === null) break;
      assert.ok(exchange.length > 0 && exchange.length <= rest.length);
      answers.push(exchange.answer);
      rest = rest.subarray(exchange.length);
    }
  }
  return answers;
}

function answered(protocol: Protocol, received: Buffer): Exchange | null | 'bad' {
  try {
    return protocol(received);
  } catch (error) {
    if (error instanceof BadRequest) return 'bad';
    throw error;
  }
}

/** Header values are texts; one that came several times is a list. */
function textsOf(value: unknown): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  for (const [name, item] of Object.entries(Object(value))) {
    if (typeof item === 'string') headers[name.toLowerCase()] = item;
    else if (Array.isArray(item)) headers[name.toLowerCase()] = item.map(String).join(', ');
  }
  return headers;
}

/** What was asked is of no interest here, and would fill the memory. */
function keeperWithoutMemory(): Pick<ReturnType<typeof keeper>, 'ask'> {
  const one = keeper();
  return {
    ask: (question) => {
      one.asked.length = 0;
      return one.ask(question);
    },
  };
}
