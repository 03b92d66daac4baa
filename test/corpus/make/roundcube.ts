/**
 * Makes test/corpus/roundcube-1.6: Debian's Roundcube, with PHP's own web server in front and an IMAP server that knows one
 * password behind. Needs root and the packages roundcube-core, roundcube-sqlite3, php-cli, openssl and iproute2:
 * `node test/corpus/make/roundcube.ts`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Scenario, writeCorpus } from './attack.ts';
import { SERVER } from './http-client.ts';
import { ALICE } from './http-scenarios.ts';
import { makeSite, type Site, serverAnswers } from './http-site.ts';
import { inNamespace } from './lab.ts';

const INSTALLED = '/usr/share/roundcube';
const IMAP_PORT = 1143;
const LINE =
  'x\n[22-Nov-2026 13:20:00 +0000]: <abcdefgh> Failed login for y from 203.0.113.77 in session abc (error: 0)';

interface Login {
  readonly name: string;
  /** User and password. */
  readonly tries: readonly (readonly [string, string])[];
  readonly headers?: OutgoingHttpHeaders;
  readonly expect: Readonly<Record<string, number>>;
  readonly logins?: readonly string[];
  readonly forged?: boolean;
  readonly note?: string;
}

const right = [ALICE.name, ALICE.password] as const;
const LOGINS: readonly Login[] = [
  { name: 'badpw', tries: [['alice', 'x']], expect: { authentication: 1 }, logins: ['alice'] },
  { name: 'ok', tries: [right], expect: { success: 1 } },
  {
    name: 'badpw-3',
    tries: [1, 2, 3].map((n) => [`u${n}`, 'x'] as const),
    expect: { authentication: 3 },
    logins: ['u1', 'u2', 'u3'],
  },
  {
    name: 'fail-then-ok',
    tries: [['alice', 'x'], right],
    expect: { authentication: 1, success: 1 },
    logins: ['alice'],
  },
  { name: 'utf8', tries: [['jürgen', 'x']], expect: { authentication: 1 }, logins: ['jürgen'] },
  {
    name: 'forged-headers',
    tries: [['alice', 'x']],
    headers: { 'X-Forwarded-For': '203.0.113.77, 203.0.113.99', 'X-Real-IP': '203.0.113.77) in session a (error: 0)' },
    expect: { authentication: 1 },
    logins: ['alice'],
    forged: true,
  },
  {
    name: 'forged-name',
    tries: [['x from 203.0.113.77 in session 1 (error: 0)', 'x']],
    expect: { authentication: 1 },
    logins: ['x from 203.0.113.77 in session 1 (error: 0)'],
    forged: true,
  },
  {
    name: 'forged-line',
    tries: [[LINE, 'x']],
    expect: {},
    forged: true,
    note: 'the name begins a line of its own, and what is left of the true one tells nothing',
  },
  {
    name: 'forged-quotes',
    tries: [['a "b" \\', 'x']],
    expect: { authentication: 1 },
    logins: ['a "b" \\'],
    forged: true,
  },
];

await inNamespace(async () => {
  const scenarios = LOGINS.map((one, index): Scenario & Login => ({
    ...one,
    ip: `192.0.2.${index + 200}`,
    port: 80,
    steps: [],
  }));
  const site = makeSite();
  const imap = createServer(serveImap).listen(IMAP_PORT, '127.0.0.1');
  try {
    configure(site);
    const environment = ['env', `ROUNDCUBE_CONFIG_DIR=${site.folder}/config`] as const;
    site.start([...environment, 'php', '-q', '-S', `${SERVER.four}:${SERVER.port}`, '-t', INSTALLED]);
    await serverAnswers();
    for (const { ip, tries, headers = {} } of scenarios)
      for (const [user, password] of tries) await logIn(ip, user, password, headers);
    await sleep(500);
    const logs = { 'userlogins.log': site.read('logs/userlogins.log'), 'errors.log': site.read('logs/errors.log') };
    writeCorpus(join(import.meta.dirname, '../roundcube-1.6'), logs, scenarios);
  } finally {
    imap.close();
    await site.stop();
    site.remove();
  }
});

function configure({ folder, write }: Site): void {
  mkdirSync(join(folder, 'temp'));
  for (const file of ['defaults.inc.php', 'mimetypes.php'])
    cpSync(join('/etc/roundcube', file), join(folder, 'config', file));
  const database = join(folder, 'roundcube.db');
  write(
    'config/config.inc.php',
    `<?php
$config['db_dsnw'] = 'sqlite:///${database}?mode=0646';
$config['imap_host'] = '127.0.0.1:${IMAP_PORT}';
$config['log_dir'] = '${folder}/logs/';
$config['temp_dir'] = '${folder}/temp/';
$config['log_logins'] = true;
$config['login_rate_limit'] = 100;
$config['des_key'] = 'abcdefghijklmnopqrstuvwx';
$config['plugins'] = [];
`,
  );
  const tables = `(new SQLite3('${database}'))->exec(file_get_contents('${INSTALLED}/SQL/sqlite.initial.sql'));`;
  execFileSync('php', ['-r', tables]);
}

/** As much of IMAP as a login needs. */
function serveImap(socket: Socket): void {
  let received = '';
  let continued = false;
  socket.on('error', () => {});
  socket.write('* OK IMAP4rev1 ready\r\n');
  socket.on('data', (data) => {
    received += data.toString('latin1');
    for (let end = received.indexOf('\r\n'); end >= 0; end = received.indexOf('\r\n')) {
      const literal = /\{(\d+)\+?\}$/.exec(received.slice(0, end));
      if (literal !== null) {
        if (!continued) socket.write('+ go on\r\n');
        continued = true;
        end = received.indexOf('\r\n', end + 2 + Number(literal[1]));
        if (end < 0) return;
        continued = false;
      }
      const line = received.slice(0, end);
      received = received.slice(end + 2);
      const [tag = '*', command = ''] = line.split(' ', 2);
      socket.write(answer(tag, command.toUpperCase(), line));
    }
  });
}

function answer(tag: string, command: string, line: string): string {
  if (command === 'CAPABILITY') return `* CAPABILITY IMAP4rev1\r\n${tag} OK\r\n`;
  if (command === 'LIST') return `* LIST () "/" INBOX\r\n${tag} OK\r\n`;
  if (command !== 'LOGIN' || line.includes(ALICE.password)) return `${tag} OK\r\n`;
  return `${tag} NO [AUTHENTICATIONFAILED] Authentication failed.\r\n`;
}

/** Fetches the form and sends it back. */
async function logIn(from: string, user: string, password: string, headers: OutgoingHttpHeaders): Promise<void> {
  const form = await fetchPage(from, 'GET', headers);
  const token = /name="_token" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
  const fields = {
    _token: token,
    _task: 'login',
    _action: 'login',
    _timezone: 'UTC',
    _url: '',
    _user: user,
    _pass: password,
  };
  const body = new URLSearchParams(fields).toString();
  const type = 'application/x-www-form-urlencoded';
  await fetchPage(from, 'POST', { ...headers, Cookie: form.cookie, 'Content-Type': type }, body);
}

function fetchPage(
  from: string,
  method: string,
  headers: OutgoingHttpHeaders,
  body = '',
): Promise<{ readonly text: string; readonly cookie: string }> {
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body);
    const outgoing = request(
      {
        host: SERVER.four,
        port: SERVER.port,
        path: '/?_task=login',
        localAddress: from,
        method,
        headers: { ...headers, 'Content-Length': length },
        timeout: 10_000,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        const cookie = (incoming.headers['set-cookie'] ?? []).map((one) => one.split(';')[0]).join('; ');
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => resolve({ text: Buffer.concat(chunks).toString(), cookie }));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('Roundcube does not answer')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
