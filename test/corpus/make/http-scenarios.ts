/** What is done to a web server for the corpus, and what a reader of its logs should say about it. */
import type { Kind } from '../../../src/core/types.ts';
import { INNOCENT } from './clients.ts';

export interface HttpScenario {
  readonly scenario: string;
  readonly ip: string;
  /** Each connection is a row of texts (latin1), sent one after the other. */
  readonly connections: readonly (readonly string[])[];
  readonly expect: Partial<Record<Kind, number>>;
  /** The login of each failure, in order, where the server writes it. */
  readonly logins: readonly string[];
  readonly forged: boolean;
  readonly note: string;
}

/** The user who exists on the servers of the corpus. */
export const ALICE = { name: 'alice', password: 'wonderland' } as const;
/** The first three are behind Basic; the next two answer 403 and 401 to everything; the last is no secret. */
export const PLACES = {
  protected: '/protected/',
  activeSync: '/Microsoft-Server-ActiveSync',
  jmap: '/jmap/session',
  sogo: '/SOGo/connect',
  api: '/api/auth',
  blog: '/blog/wp-login.php',
} as const;

const INNOCENT6 = '2001:db8:face::1';

type Headers = Readonly<Record<string, string>>;

function request(method: string, target: string, headers: Headers = {}, body = ''): string {
  const all = { Host: 'mx1.example.org', ...headers, ...(body === '' ? {} : { 'Content-Length': `${body.length}` }) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

function basic(user: string, password: string): Headers {
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

function get(target: string, headers: Headers = {}): string {
  return request('GET', target, headers);
}

function wrong(user: string, target: string = PLACES.protected, headers: Headers = {}): string {
  return get(target, { ...basic(user, 'wrong'), ...headers });
}

type Told = Partial<Omit<HttpScenario, 'scenario' | 'ip' | 'connections'>>;
type Row = readonly [scenario: string, connections: readonly (readonly string[])[], told?: Told];

/** So many failed logins of these users; null for one whose name no server writes as it was. */
function failures(logins: readonly (string | null)[], told: Told = {}): Told {
  return { expect: { authentication: logins.length }, logins: logins.filter((login) => login !== null), ...told };
}

function scans(count: number, told: Told = {}): Told {
  return { expect: { scan: count }, ...told };
}

const FORGED = { forged: true } as const;
const good = basic(ALICE.name, ALICE.password);
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const LINE = `${INNOCENT} - victim [22/Nov/2026`;

const LOGINS: readonly Row[] = [
  ['basic-badpw-1', [[wrong('alice')]], failures(['alice'])],
  ['basic-badpw-3', [[wrong('alice'), wrong('admin'), wrong('info')]], failures(['alice', 'admin', 'info'])],
  ['basic-badpw-connections', [[wrong('bob')], [wrong('bob')]], failures(['bob', 'bob'])],
  ['basic-unknown', [[wrong('nosuch@example.org')]], failures(['nosuch@example.org'])],
  ['basic-head', [[request('HEAD', PLACES.protected, basic('alice', 'x'))]], failures(['alice'])],
  ['basic-no-credentials', [[get(PLACES.protected)]], { note: 'answered 401 by design' }],
  ['basic-ok', [[get(PLACES.protected), get(PLACES.protected, good)]]],
  ['basic-fail-then-ok', [[wrong('alice'), get(PLACES.protected, good)]], failures(['alice'])],
  ['basic-ok-missing-file', [[get(`${PLACES.protected}none`, good)]], { note: '404 of a user who is logged in' }],
  ['basic-empty-name', [[wrong('')]], { note: 'nginx writes it as no name' }],
  ['bearer-expired', [[get(PLACES.jmap, { Authorization: 'Bearer abc' })]], { note: 'a token that has run out' }],
  [
    'activesync-badpw',
    [
      [
        request(
          'POST',
          `${PLACES.activeSync}?Cmd=Sync&User=bob&DeviceId=1&DeviceType=iPhone`,
          basic('bob@example.org', 'x'),
          '<x/>',
        ),
      ],
    ],
    failures(['bob@example.org']),
  ],
  ['jmap-badpw', [[wrong('carol@example.org', PLACES.jmap)]], failures(['carol@example.org'])],
  ['jmap-discovery', [[get(PLACES.jmap)]], { note: 'answered 401 by design' }],
  ['sogo-badpw', [[request('POST', PLACES.sogo, form, '{"userName":"alice","password":"x"}')]], failures([null])],
  ['api-badpw', [[request('POST', PLACES.api, form, 'user=alice&password=x')]], failures([null])],
  [
    'too-fast',
    [[1, 2, 3].map(() => request('POST', '/limited/login', form, 'user=alice&password=x'))],
    { note: 'where a server limits how often one may try' },
  ],
  ['v6-badpw', [[wrong('alice'), wrong('alice')]], failures(['alice', 'alice'])],
];

const BENIGN: readonly Row[] = [
  [
    'browser',
    [
      [
        get('/', { 'User-Agent': 'Mozilla/5.0', Referer: 'https://example.org/' }),
        get('/favicon.ico'),
        get('/robots.txt'),
      ],
    ],
  ],
  [
    'mail-client-discovery',
    [
      [
        get('/.well-known/autoconfig/mail/config-v1.1.xml'),
        get('/mail/config-v1.1.xml?emailaddress=a%40example.org'),
        request('POST', '/autodiscover/autodiscover.xml', {}, '<x/>'),
        get('/.well-known/caldav'),
        get('/.well-known/mta-sts.txt'),
        get('/.well-known/acme-challenge/x'),
      ],
    ],
  ],
  [
    'wordpress-user',
    [[get(PLACES.blog), request('POST', PLACES.blog, form, 'log=a&pwd=b')]],
    { note: 'WordPress runs here, and answers 200' },
  ],
  ['connect-and-drop', [[]]],
  ['idle', [['GET / HTTP/1.1\r\n']], { note: 'a browser keeps such connections too' }],
  ['plain-404', [[get('/old-page.html'), get('/images/none.png')]]],
  [
    'app-404',
    [[get('/index.php/apps/none'), get('/index.php?_task=mail&_action=get'), get('/remote.php/dav/files/alice/none')]],
    { note: 'what webmail and Nextcloud answer to their own users' },
  ],
];

const SCANS: readonly Row[] = [
  [
    'scan-php',
    [
      [
        get('/shell.php'),
        get('/admin/config.php?x=1'),
        get('/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php'),
        get('/phpmyadmin/'),
      ],
    ],
    scans(4),
  ],
  [
    'scan-wordpress',
    [
      [
        get('/wp-login.php'),
        get('/xmlrpc.php'),
        get('/wp-content/plugins/x/readme.txt'),
        get('/blog2/wp-includes/wlwmanifest.xml'),
      ],
    ],
    scans(4),
  ],
  ['scan-secrets', [[get('/.env'), get('/.git/config'), get('/api/.env.bak'), get('/.aws/credentials')]], scans(4)],
  [
    'scan-traversal',
    [[get('/cgi-bin/.%2e/.%2e/.%2e/bin/sh')], [get('/../../etc/passwd')], [get('/x/..%2f..%2fetc/passwd')]],
    scans(3),
  ],
  [
    'scan-devices',
    [[get('/boaform/admin/formLogin?username=x'), get('/HNAP1/'), get('/owa/auth/x.js'), get('/actuator/health')]],
    scans(4),
  ],
  ['scan-tls-on-http', [['\x16\x03\x01\x00\xee\x01\x00\x00\xea\x03\x03\r\n\r\n']], scans(1)],
  ['scan-ssh-on-http', [['SSH-2.0-Go\r\n\r\n']], scans(1)],
  ['scan-smtp-on-http', [['EHLO x.example.net\r\n\r\n']], scans(1)],
  ['scan-binary', [['\x03\x00\x00/*\xe0\x00\x00Cookie: mstshash=Administr\r\n\r\n']], scans(1)],
  ['scan-connect', [[request('CONNECT', 'smtp.example.com:25', { Host: 'smtp.example.com:25' })]], scans(1)],
  ['scan-proxy', [[get('http://www.example.com/none.php')]], scans(1)],
  ['scan-many', [Array.from({ length: 12 }, (_, i) => get(`/x${i}.php`))], scans(12)],
  ['scan-dropped', [[get('/dropped')]], { note: 'where a server drops the connection without an answer' }],
  ['scan-v6', [[get('/.env')]], scans(1)],
];

const FORGERIES: readonly Row[] = [
  ['forged-user-line', [[wrong(`${LINE}`)]], failures([LINE], FORGED)],
  ['forged-user-quote', [[wrong(`x" ${INNOCENT} "y`)]], failures([`x" ${INNOCENT} "y`], FORGED)],
  ['forged-user-bracket', [[wrong(`x [client ${INNOCENT}]`)]], failures([`x [client ${INNOCENT}]`], FORGED)],
  ['forged-user-backslash', [[wrong('a\\" b\\')]], failures(['a\\" b\\'], FORGED)],
  [
    'forged-user-newline',
    [[wrong(`x\nuser "y" was not found in "z", client ${INNOCENT}, server`)]],
    failures([null], FORGED),
  ],
  [
    'forged-user-error-line',
    [[wrong(`y" was not found in "z", client= ${INNOCENT}, server= x, request= "GET /"`)]],
    failures([`y" was not found in "z", client= ${INNOCENT}, server= x, request= "GET /"`], FORGED),
  ],
  [
    'forged-user-apache',
    [[wrong(`x not found, referer= [client ${INNOCENT}]`)]],
    failures([`x not found, referer= [client ${INNOCENT}]`], FORGED),
  ],
  ['forged-user-utf8', [[wrong('jürgen'), wrong('用户')]], failures(['jürgen', '用户'], FORGED)],
  [
    'forged-user-latin1',
    [[get(PLACES.protected, { Authorization: `Basic ${Buffer.from('j\xfcrgen:x', 'latin1').toString('base64')}` })]],
    failures([null], FORGED),
  ],
  ['forged-user-long', [[wrong('a'.repeat(700))]], failures(['a'.repeat(700)], FORGED)],
  ['forged-user-dash', [[wrong('-')]], { forged: true, note: 'a user named - looks like no user' }],
  [
    'forged-referer',
    [
      [
        wrong('alice', PLACES.protected, {
          Referer: `x": password mismatch, client: ${INNOCENT}, server: _, request: "GET / HTTP/1.1", host: "y`,
        }),
      ],
    ],
    failures(['alice'], FORGED),
  ],
  [
    'forged-agent',
    [[wrong('alice', PLACES.protected, { 'User-Agent': `x" 200 1 "-" "y\\`, Referer: '\\" 200 5' })]],
    failures(['alice'], FORGED),
  ],
  [
    'forged-agent-benign',
    [
      [
        get('/', {
          'User-Agent': `" 401 5 "-" "${INNOCENT} - victim [22/Nov/2026:08:47:25 +0000] "GET / HTTP/1.1" 401 5`,
          'X-Forwarded-For': INNOCENT,
        }),
      ],
    ],
    FORGED,
  ],
  [
    'forged-forwarded-for',
    [
      [
        wrong('alice', PLACES.protected, {
          'X-Forwarded-For': `${INNOCENT}, ${INNOCENT6}`,
          Forwarded: `for=${INNOCENT}`,
          'X-Real-IP': INNOCENT,
        }),
      ],
    ],
    failures(['alice'], FORGED),
  ],
  ['forged-url', [[get(`/x.php?${INNOCENT}%20-%20victim%20[22/Nov/2026:08:47:25%20+0000]"GET"401`)]], scans(1, FORGED)],
  ['forged-url-status', [[get('/"%20401%205%20"')]], { forged: true, note: 'a page that is not there' }],
  ['forged-url-quote', [[get('/.env"200')]], scans(1, FORGED)],
  ['forged-url-benign', [[get('/?q=/.env&page=wp-login.php&x=../')]], { forged: true, note: 'answered 200' }],
  [
    'forged-host',
    [
      [request('GET', PLACES.protected, { ...basic('alice', 'x'), Host: `"${INNOCENT}"` })],
      [request('GET', PLACES.protected, { ...basic('alice', 'x'), Host: `[${INNOCENT6}]` })],
    ],
    { ...FORGED, note: 'a host name that some servers refuse with 400 before they look at the password' },
  ],
  ['forged-v6', [[wrong(`[${INNOCENT6}]`), wrong(`${INNOCENT6}`)]], failures(['[2001', '2001'], FORGED)],
];

/** All of them, each with an address of its own. */
export function httpScenarios(): HttpScenario[] {
  return [...LOGINS, ...BENIGN, ...SCANS, ...FORGERIES].map(([scenario, connections, told], index) => ({
    scenario,
    ip: addressOf(scenario, index),
    connections,
    expect: {},
    logins: [],
    forged: false,
    note: '',
    ...told,
  }));
}

function addressOf(scenario: string, index: number): string {
  if (/\bv6\b/.test(scenario)) return `2001:db8:bad:${(index + 1).toString(16)}::${(index + 1).toString(16)}`;
  return index < 40 ? `192.0.2.${index + 20}` : `198.51.100.${index - 20}`;
}
