/** Keys that do not exist: "did you mean", and fail2ban's words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigErrors } from '../../src/errors.ts';

function firstProblem(text: string): string {
  try {
    parseConfig(text, 'tailban.toml');
  } catch (error) {
    assert.ok(error instanceof ConfigErrors, String(error));
    const [first] = error.errors;
    return `${first?.line}:${first?.column} ${first?.message}: ${first?.hint}`;
  }
  return 'none';
}

describe('unknown settings', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['[server.fail2ban]\n  loitring = "1/1d"', '2:3 Unknown setting server.fail2ban.loitring: Did you mean loitering?'],
    [
      '[server.fail2ban]\ninvalid_rcpt = "1/1d"',
      '2:1 Unknown setting server.fail2ban.invalid_rcpt: Did you mean invalid-rcpt?',
    ],
    [
      '[server.fail2ban]\nallowed-ip = []',
      '2:1 Unknown setting server.fail2ban.allowed-ip: Did you mean server.allowed-ip?',
    ],
    ['scan = "1/1d"', '1:1 Unknown setting scan: Did you mean server.fail2ban.scan?'],
    ['[fail2ban]\nscan = "1/1d"', '1:2 Unknown setting fail2ban: Did you mean server.fail2ban?'],
    ['[sources.mail]\nfiles = "/a"', '1:2 Unknown setting sources: Did you mean source?'],
    ['[source.mail]\nfiles = "/a"\nfliter = "postfix"', '3:1 Unknown setting source.mail.fliter: Did you mean filter?'],
    [
      '[server]\nnetwork.a = { address = "192.0.2.1", neverblock = true }',
      '2:38 Unknown setting server.network.a.neverblock: Did you mean never-block?',
    ],
    [
      '[server.fail2ban]\nscan = { attempts = 1, within = 1, blockfor = 1 }',
      '2:36 Unknown setting server.fail2ban.scan.blockfor: Did you mean block-for?',
    ],
    [
      '[server.fail2ban]\nincrement = { faktor = 2 }',
      '2:15 Unknown setting server.fail2ban.increment.faktor: Did you mean factor?',
    ],
    [
      'zzzzzzzz = 1',
      '1:1 Unknown setting zzzzzzzz: Known here: server, login, source, firewall, dovecot, exim, postfix, stalwart, command, authentication, jmap, http, store, api, log, metrics, notify',
    ],
    [
      'toString = 1',
      '1:1 Unknown setting toString: Known here: server, login, source, firewall, dovecot, exim, postfix, stalwart, command, authentication, jmap, http, store, api, log, metrics, notify',
    ],
    [
      'server.fail2ban.hasOwnProperty = 1',
      '1:17 Unknown setting server.fail2ban.hasOwnProperty: Known here: enabled, preset, authentication, login, invalid-rcpt, loitering, scan, escalate, ban-time, increment',
    ],
  ];
  for (const [text, problem] of cases) {
    it(`reports ${text.replaceAll('\n', ' ↵ ')}`, () => assert.equal(firstProblem(text), problem));
  }

  const words: readonly (readonly [string, RegExp])[] = [
    ['bantime', /ban-time = "1h"/],
    ['findtime', /server\.fail2ban.*10\/1h/],
    ['maxretry', /server\.fail2ban.*10\/1h/],
    ['ignoreip', /server\.allowed-ip/],
    ['failregex', /filter files/],
    ['banaction', /firewall\.backend/],
    ['logpath', /source\.NAME\.files/],
    ['journalmatch', /source\.NAME\.units/],
    ['dbpurgeage', /store\.history/],
    ['blocked-ip', /tailban import/],
  ];
  for (const [word, hint] of words) {
    it(`explains ${word} in whatever table it stands`, () => {
      for (const table of ['server', 'server.fail2ban', 'sshd'])
        assert.match(firstProblem(`${table === 'sshd' ? '' : `[${table}]\n`}${word} = 1`), hint);
    });
  }
});
