/** The tables `[log]`, `[metrics]` and `[notify.NAME]`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareConfigs } from '../../src/config/compare.ts';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';
import { renderConfig } from '../../src/config/render.ts';
import { problem } from './problem.ts';

function configOf(text: string): Config {
  return parseConfig(text, 'tailban.toml').config;
}

const WRITTEN = `
[log]
file = "/var/log/tailban.log"
format = "pretty"
[metrics]
listen = "127.0.0.1:9877"
[notify.chat]
webhook = "https://chat.example.org/hooks/x?token=y"
key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
events = ["enforcer", "ban"]
max = "off"
[notify.ops]
mail = "root"
smtp = "127.0.0.1:25"
every = "5m"
max = "4/1d"
[notify.team]
mail = ["a@example.org", "b+x@example.org"]
from = "tailban@example.org"
sendmail = "/usr/bin/msmtp"
[notify.own]
command = ["/usr/local/bin/tell", "-v"]
`;

describe('what is told of the daemon', () => {
  it('is its log on standard output alone, where nothing is written', () => {
    const { log, metrics, notify } = configOf('');
    assert.deepEqual(log, { level: 'info', format: 'auto', file: null });
    assert.deepEqual(metrics, { listen: null });
    assert.deepEqual(notify, []);
  });

  it('is read, and written back the same', () => {
    const config = configOf(WRITTEN);
    const events = ['ban', 'login', 'enforcer', 'source', 'store'];
    const hourly = { count: 10, period: 3_600_000 };
    assert.deepEqual(config.log, { level: 'info', format: 'pretty', file: '/var/log/tailban.log' });
    assert.deepEqual(config.metrics.listen, { host: '127.0.0.1', port: 9877 });
    assert.deepEqual(config.notify, [
      {
        name: 'chat',
        way: {
          type: 'webhook',
          url: 'https://chat.example.org/hooks/x?token=y',
          key: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        },
        events: ['ban', 'enforcer'],
        every: 60_000,
        max: null,
      },
      {
        name: 'ops',
        way: { type: 'mail', recipients: ['root'], from: null, sendmail: null, smtp: { host: '127.0.0.1', port: 25 } },
        events,
        every: 300_000,
        max: { count: 4, period: 86_400_000 },
      },
      {
        name: 'team',
        way: {
          type: 'mail',
          recipients: ['a@example.org', 'b+x@example.org'],
          from: 'tailban@example.org',
          sendmail: '/usr/bin/msmtp',
          smtp: null,
        },
        events,
        every: 60_000,
        max: hourly,
      },
      {
        name: 'own',
        way: { type: 'command', argv: ['/usr/local/bin/tell', '-v'] },
        events,
        every: 60_000,
        max: hourly,
      },
    ]);
    assert.deepEqual(configOf(renderConfig(config)), config);
  });

  it('changes by a reload', () => {
    assert.deepEqual(compareConfigs(configOf(''), configOf(WRITTEN)).changes, ['log', 'metrics', 'notifications']);
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['[log]\nformat = "xml"', '2:10 "xml" is none of "auto", "json", "pretty", "journal"'],
    ['[log]\nfile = "tailban.log"', '2:8 "tailban.log" is no absolute path'],
    ['[log]\nformat = "journal"\nfile = "/a"', '3:1 entries of the journal do not go into a file'],
    ['[metrics]\nlisten = 9877', '2:10 the number 9877 is no address and port'],
    ['[notify.x]\nevery = "1m"', '1:9 nobody is told by this'],
    ['[notify.x]\nmail = "root"\ncommand = ["/a"]', '3:1 only one of webhook, mail, command in each table'],
    ['[notify.x]\nmail = "root"\nkey = "12345678"', '3:1 key is of webhook, and there is none here'],
    ['[notify.x]\nwebhook = "https://a"\nfrom = "me"', '3:1 from is of mail, and there is none here'],
    ['[notify.x]\nwebhook = "chat.example.org"', '2:11 "chat.example.org" is no URL of HTTP'],
    ['[notify.x]\nwebhook = "https://a:b@example.org"', '2:11 a user and password in the URL are not sent'],
    [
      '[notify.x]\nwebhook = "https://a"\nkey = "short"',
      '3:7 a key of 5 characters is too easy to guess, it needs 8 or more',
    ],
    [
      '[notify.x]\nwebhook = "https://a"\nkey = "whsec_!!!!!!!!"',
      '3:14 what follows whsec_ is not 16 bytes or more in base64',
    ],
    ['[notify.x]\nmail = "-oQ/tmp"', '2:8 "-oQ/tmp" is no e-mail address'],
    ['[notify.x]\nmail = "a b@example.org"', '2:8 "a b@example.org" is no e-mail address'],
    ['[notify.x]\nmail = "root\\nBcc: x"', '2:8 "root\\nBcc: x" is no e-mail address'],
    [
      '[notify.x]\nmail = "a"\nsendmail = "/a"\nsmtp = "127.0.0.1:25"',
      '4:1 e-mail goes by sendmail or by SMTP, not by both',
    ],
    ['[notify.x]\nmail = []', '2:8 the list names nobody'],
    ['[notify.x]\nmail = ["root", 5]', '2:17 the number 5 is no e-mail address'],
    ['[notify.x]\ncommand = "/bin/tell me"', '2:11 one string is no command'],
    ['[notify.x]\ncommand = ["/a", "{subject}"]', '2:11 this command reads from standard input, nothing is filled in'],
    [
      '[notify.x]\nmail = "root"\nevents = ["bans"]',
      '3:11 "bans" is none of "ban", "unban", "login", "enforcer", "source", "store"',
    ],
    ['[notify.x]\nmail = "root"\nevery = "1ms"', '3:9 "1ms" is not from 1s to 1d'],
    ['[notify.x]\nmail = "root"\nevery = "2d"', '3:9 "2d" is not from 1s to 1d'],
    ['[notify.x]\nmail = "root"\nmax = 10', '3:7 the number 10 is no rate'],
  ];
  for (const [text, expected] of wrong)
    it(`reports ${text.replaceAll('\n', ' ↵ ')}`, () => assert.equal(problem(text), expected));
});
