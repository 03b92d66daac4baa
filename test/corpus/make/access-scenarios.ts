/** What is asked of web servers for the corpora of access logs. What each answered is noted down while it is asked. */
import type { Kind } from '../../../src/core/types.ts';
import { INNOCENT, INNOCENT6 } from './clients.ts';
import { ALICE, PLACES } from './http-scenarios.ts';

export interface AccessScenario {
  readonly scenario: string;
  readonly ip: string;
  /** Each connection is a row of pieces that are sent one after the other; one piece may hold several requests. */
  readonly connections: readonly Connection[];
  readonly expect: Partial<Record<Kind, number>>;
  /** The login of each failure. */
  readonly logins: readonly string[];
}

export interface Connection {
  /** HTTP/2 with prior knowledge: the servers speak it without TLS. */
  readonly version: 1 | 2;
  readonly requests: readonly Request[];
  /** All at once, before the first answer. */
  readonly pipelined: boolean;
}

export interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The path that is asked for, without disguise. */
  readonly path: string;
  /** Whom the server takes the client for; null for nobody. */
  readonly login: string | null;
  /** How long the client takes to send the body. */
  readonly lasts: number;
}

type Headers = Readonly<Record<string, string>>;

const FORGED: Headers = { 'X-Forwarded-For': `${INNOCENT}, ${INNOCENT6}`, Forwarded: `for=${INNOCENT}` };
const LINE = `${INNOCENT} - victim [22/Nov/2026:08:47:25 +0000] "GET / HTTP/1.1" 401 5`;
/** How the rest of a line in our own format would go on. */
const REST = `" took=0.000s id=x xff="${INNOCENT}" forwarded="for=${INNOCENT}`;

function basic(user: string, password: string): Headers {
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

const GOOD = basic(ALICE.name, ALICE.password);

function get(target: string, headers: Headers = {}, told: Partial<Request> = {}): Request {
  const path = target.replace(/\?.*/s, '');
  return { method: 'GET', target, headers: Object.entries(headers), path, login: null, lasts: 0, ...told };
}

function wrong(user: string, headers: Headers = {}): Request {
  return get(PLACES.protected, { ...basic(user, 'wrong'), ...headers }, { login: user });
}

function row(...requests: readonly Request[]): Connection {
  return { version: 1, requests, pipelined: false };
}

function failures(...logins: readonly string[]): Pick<AccessScenario, 'expect' | 'logins'> {
  return { expect: { authentication: logins.length }, logins };
}

type Told = Partial<Pick<AccessScenario, 'expect' | 'logins'>>;

const SCENARIOS: readonly (readonly [string, readonly Connection[], Told?])[] = [
  ['anonymous', [row(get('/'), get('/index.html?a=b?c'), get('/none.html'))]],
  ['account', [row(get(PLACES.protected, GOOD, { login: 'alice' }))]],
  ['wrong-password', [row(wrong('alice'), wrong('bob'))], failures('alice', 'bob')],
  ['token', [row(get('/', { Authorization: 'Bearer c2VjcmV0' }), get('/', { Authorization: 'Nonsense' }))]],
  ['no-credentials', [row(get(PLACES.protected))]],
  ['scan', [row(get('/.env'))], { expect: { scan: 1 } }],
  ['methods', [row(get('/', {}, { method: 'HEAD' }), get('/', {}, { method: 'OPTIONS' }))]],
  ['pipelined', [{ ...row(get('/'), get('/?2'), get('/none'), get('/?4')), pipelined: true }]],
  [
    'http2',
    [
      {
        ...row(get('/'), get(PLACES.protected, { ...GOOD, ...FORGED }, { login: 'alice' }), wrong('alice')),
        version: 2,
      },
    ],
    failures('alice'),
  ],
  ['slow-upload', [row(get('/', {}, { method: 'POST', lasts: 600 }))]],
  [
    'disguised-paths',
    [
      row(
        get('/a/../index.html', {}, { path: '/index.html' }),
        get('/%69ndex%2ehtml', {}, { path: '/index.html' }),
        get('//.///index.html', {}, { path: '/index.html' }),
        get('http://mx1.example.org/index.html', {}, { path: '/index.html' }),
        get('/%6aone/%3f/%2f', {}, { path: '/jone/?/' }),
      ),
    ],
  ],
  ['v6', [row(get('/', FORGED), wrong('alice', FORGED))], failures('alice')],
  ['forged-headers', [row(get('/', FORGED), wrong('alice', FORGED))], failures('alice')],
  [
    'forged-header-lines',
    [
      row({
        ...get('/'),
        headers: [
          ['X-Forwarded-For', INNOCENT],
          ['X-Forwarded-For', `"${INNOCENT6}`],
          ['Forwarded', `for="[${INNOCENT6}]`],
          ['Forwarded', `for=${INNOCENT};by="`],
        ],
      }),
    ],
  ],
  ['forged-garbage', [row(get('/', { 'X-Forwarded-For': `unknown,,\t"\\",${'x'.repeat(3_000)}, ` }))]],
  ['forged-rest-in-header', [row(get('/', { 'X-Forwarded-For': REST }), get('/', { Forwarded: `x${REST}\\` }))]],
  ['forged-rest-in-agent', [row(get('/', { 'User-Agent': REST, Referer: `\\${REST}` }))]],
  ['forged-agent', [row(get('/', { 'User-Agent': `" ${LINE}`, Referer: '"' }))]],
  ['forged-user', [row(wrong(`x" ${INNOCENT} "y`), wrong(`y${REST}`))], failures(`x" ${INNOCENT} "y`, `y${REST}`)],
  ['long-path', [row(get(`/${'a'.repeat(2_000)}`), get(`/${'b'.repeat(200)}?${'c'.repeat(5_000)}`))]],
  ['long-agent', [row(get('/', { 'User-Agent': 'x'.repeat(7_000), ...FORGED }))]],
  ['long-binary-agent', [row(get('/', { 'User-Agent': '\xe4'.repeat(3_000), ...FORGED }))]],
];

/** All of them, each with an address of its own. */
export function accessScenarios(): AccessScenario[] {
  return SCENARIOS.map(([scenario, connections, told], index) => ({
    scenario,
    ip: scenario === 'v6' ? '2001:db8:bad:5::9' : `192.0.2.${index + 20}`,
    connections,
    expect: {},
    logins: [],
    ...told,
  }));
}
