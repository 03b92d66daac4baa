/**
 * Makes test/corpus/nginx-1.22-mail: the mail proxy of Debian's nginx, which logs to syslog, as Mailu's front uses it.
 * Needs root and the packages nginx, libnginx-mod-mail, rsyslog, openssl and iproute2:
 * `node test/corpus/make/nginx-mail.ts`.
 */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attack, base64, plain, type Scenario, writeCorpus } from './attack.ts';
import { SERVER } from './http-client.ts';
import { makeSite, type Site, SYSLOG_PORT, serverAnswers } from './http-site.ts';
import { inNamespace } from './lab.ts';

const AUTH_PORT = 9_000;
const IMAP = 143;
const POP = 110;
const SMTP = 587;
/** It would be a line of its own if the log took it as it is. */
const LINE =
  'x\n2026/11/22 08:47:25 [info] 1#1: *1 client login failed: "x" while in http auth state, client: 203.0.113.77, server: 0.0.0.0:143, login: "y';

const failed = (logins: readonly string[], count = logins.length): Pick<Scenario, 'expect' | 'logins'> => ({
  expect: { authentication: count },
  logins,
});

const ATTACKS: readonly Omit<Scenario, 'ip'>[] = [
  { name: 'imap-login', port: IMAP, steps: ['a LOGIN alice wrong', 'b LOGOUT'], ...failed(['alice']) },
  { name: 'imap-plain', port: IMAP, steps: ['a AUTHENTICATE PLAIN', plain('bob', 'x')], ...failed(['bob']) },
  {
    name: 'imap-three',
    port: IMAP,
    steps: ['a LOGIN u1 x', 'b LOGIN u2 x', 'c LOGIN u3 x'],
    ...failed(['u1', 'u2', 'u3']),
  },
  { name: 'pop', port: POP, steps: ['USER dave', 'PASS x', 'QUIT'], ...failed(['dave']) },
  {
    name: 'smtp-plain',
    port: SMTP,
    steps: ['EHLO x', `AUTH PLAIN ${plain('carol', 'x')}`, 'QUIT'],
    ...failed(['carol']),
  },
  {
    name: 'smtp-login',
    port: SMTP,
    steps: ['EHLO [203.0.113.77]', 'AUTH LOGIN', base64('erin'), base64('x'), 'QUIT'],
    ...failed(['erin']),
  },
  { name: 'imap-v6', port: IMAP, steps: ['a LOGIN alice x'], ...failed(['alice']) },
  { name: 'imap-connect-and-drop', port: IMAP, steps: ['drop'] },
  { name: 'imap-no-login', port: IMAP, steps: ['a CAPABILITY', 'b LOGOUT'] },
  { name: 'imap-http', port: IMAP, steps: ['GET / HTTP/1.1'], note: 'nginx says nothing of it' },
  {
    name: 'forged-line',
    port: IMAP,
    steps: ['a AUTHENTICATE PLAIN', plain(LINE, 'x')],
    ...failed([], 1),
    forged: true,
  },
  {
    name: 'forged-quote',
    port: IMAP,
    steps: ['a AUTHENTICATE PLAIN', plain('a", client: 203.0.113.77, login: "b', 'x')],
    ...failed(['a", client: 203.0.113.77, login: "b']),
    forged: true,
  },
  {
    name: 'forged-utf8',
    port: IMAP,
    steps: ['a AUTHENTICATE PLAIN', plain('jürgen', 'x')],
    ...failed(['jürgen']),
    forged: true,
  },
];

await inNamespace(async () => {
  const scenarios = ATTACKS.map((one, index) => ({
    ...one,
    ip: one.name.endsWith('v6') ? '2001:db8:bad:7::7' : `192.0.2.${index + 150}`,
  }));
  const site = makeSite();
  // Refuses everybody, and lets them try again after a second.
  const judge = createServer((_, answer) => {
    answer.writeHead(200, { 'Auth-Status': 'Invalid login or password', 'Auth-Wait': '1' }).end();
  }).listen(AUTH_PORT, '127.0.0.1');
  try {
    await site.startSyslog('logs/syslog');
    site.start(['nginx', '-c', site.write('mail.conf', mailConfig(site))]);
    await serverAnswers(IMAP);
    await attack(scenarios, { address4: SERVER.four, address6: SERVER.six, answer: /(?:^|\n)[^\n]{2,}\r\n$/ });
    await sleep(500);
    await site.stop();
    const folder = join(import.meta.dirname, '../nginx-1.22-mail');
    writeCorpus(folder, { 'syslog.log': site.read('logs/syslog') }, scenarios);
  } finally {
    judge.close();
    await site.stop();
    site.remove();
  }
});

function mailConfig({ folder }: Site): string {
  const listen = (port: number): string => `listen ${SERVER.four}:${port}; listen [${SERVER.six}]:${port};`;
  return `
load_module /usr/lib/nginx/modules/ngx_mail_module.so;
daemon off;
user www-data;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log syslog:server=127.0.0.1:${SYSLOG_PORT},facility=mail,tag=nginx info;
events {}
mail {
  auth_http 127.0.0.1:${AUTH_PORT}/auth;
  server { ${listen(IMAP)} protocol imap; imap_auth login plain; }
  server { ${listen(POP)} protocol pop3; }
  server { ${listen(SMTP)} protocol smtp; smtp_auth login plain; }
}
`;
}
