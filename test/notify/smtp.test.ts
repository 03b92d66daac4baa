/** E-mail over SMTP, to a server of the test's own on loopback. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { smtpDelivery } from '../../src/notify/smtp.ts';
import { ban, lock, message } from './notices.ts';

/** Answers each command by its verb; null hangs up, and what is missing never comes. */
async function serve(t: TestContext, answers: Readonly<Record<string, string | null>>) {
  const said: string[] = [];
  const server = createServer(async (socket) => {
    socket.on('error', () => {});
    if (answers['connect'] !== undefined) socket.write(`${answers['connect']}\r\n`);
    let inData = false;
    for await (const line of createInterface({ input: socket })) {
      said.push(line);
      if (inData && line !== '.') continue;
      const verb = line === '.' ? '.' : (line.split(/[ :]/)[0] ?? '');
      inData = verb === 'DATA';
      const answer = answers[verb];
      if (answer === null) socket.destroy();
      else if (answer !== undefined) socket.write(`${answer}\r\n`);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, said };
}

const GOOD = {
  connect: '220-mail.example.org\r\n220 ESMTP',
  EHLO: '250-mail.example.org\r\n250-PIPELINING\r\n250 8BITMIME',
  MAIL: '250 2.1.0 Ok',
  RCPT: '250 2.1.5 Ok',
  DATA: '354 End data with <CR><LF>.<CR><LF>',
  '.': '250 2.0.0 Ok: queued',
  QUIT: '221 Bye',
};
const TO = { recipients: ['root@example.org', 'ops'], from: null, host: '127.0.0.1', timeout: 500 };
const signal = new AbortController().signal;

test('a message is handed over with an empty sender', async (t) => {
  const { port, said } = await serve(t, GOOD);
  await smtpDelivery({ ...TO, port })(message([ban(), lock('.\n.\nQUIT')]), signal);
  assert.deepEqual(said.slice(0, 5), [
    'EHLO mail.example.org',
    'MAIL FROM:<>',
    'RCPT TO:<root@example.org>',
    'RCPT TO:<ops>',
    'DATA',
  ]);
  assert.equal(said.filter((line) => line === '.').length, 1, 'only the end of the text is a dot alone');
  assert.ok(said.includes('Auto-Submitted: auto-generated'));
});

test('whatever goes wrong is told with what the server said', async (t) => {
  const cases: readonly (readonly [Readonly<Record<string, string | null>>, RegExp])[] = [
    [{ ...GOOD, connect: '554 go away' }, /it answered 554 go away/],
    [{ ...GOOD, RCPT: '550 5.1.1 no such user' }, /it answered 550 5\.1\.1 no such user to RCPT/],
    [{ ...GOOD, '.': '451 4.3.0 queue file write error' }, /451 4\.3\.0 queue file write error/],
    [{ ...GOOD, DATA: null }, /closed the connection|ECONNRESET/],
    [{}, /did not answer within 500 ms/],
  ];
  for (const [answers, problem] of cases) {
    const { port } = await serve(t, answers);
    await assert.rejects(smtpDelivery({ ...TO, port })(message([ban()]), signal), problem);
  }
  await assert.rejects(smtpDelivery({ ...TO, port: 1 })(message([ban()]), signal), /ECONNREFUSED/);
});
