/** Garbage: whatever the text, loading it gives a configuration or the errors that are made for it. */
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type TomlValue, tomlLiteral } from '../../src/config/toml.ts';
import { survives } from './survives.ts';

const SAMPLE = `[server.fail2ban]
authentication = { attempts = 20, within = "10m", block-for = 600 }
scan = "30/1d" # probes
increment = { factor = 2, max = "30d" }
[server]
allowed-ip = ["192.0.2.0/24", "2001:db8::/32"]
network.office = { address = "198.51.100.0/24", never-block = true }
auto-ban.loiter.rate = "5/1h"
[source.mail]
files = ["""/var/log/mail.log""", '/x']
filter = "postfix dovecot"
[firewall]
ports = [25, 587]
`;

const PATHS = [
  'server',
  'server.fail2ban',
  'server.fail2ban.scan',
  'server.fail2ban.scan.within',
  'server.fail2ban.increment',
  'server.fail2ban.increment.max',
  'server.fail2ban.preset',
  'server.fail2ban.ban-time',
  'server.auto-ban',
  'server.auto-ban.auth',
  'server.auto-ban.auth.rate',
  'server.security.fail2ban',
  'server.allowed-ip',
  'server.network',
  'server.network.a',
  'server.network.a.address',
  'authentication.fail2ban',
  'authentication',
  'source',
  'source.a',
  'source.a.files',
  'source.a.units',
  'source.a.journal',
  'source.a.filter',
  'source.a.timezone',
  'firewall.ports',
  'firewall.backend',
  'jmap.rate-limit',
  'store.path',
  'nothing.such',
];

describe('whatever the text, only configuration errors come out of', () => {
  it('random characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => survives(text)),
      { numRuns: 500 },
    );
  });

  it('random pieces of TOML', () => {
    const piece = fc.constantFrom(
      ...[
        '[',
        ']',
        '{',
        '}',
        '=',
        '"',
        "'",
        '"""',
        "'''",
        '\n',
        '\r\n',
        ' ',
        '.',
        ',',
        '#',
        '\\',
        '\\u',
        '1',
        '-',
        'true',
      ],
      ...['server', 'fail2ban', 'scan', 'source', 'mail', '"10/1d"', '[[', ']]', '__proto__', 'constructor', '\0'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => survives(pieces.join(''))),
      { numRuns: 3000 },
    );
  });

  it('a good file with something cut out or put in', () => {
    const cut = fc.record({
      at: fc.nat(SAMPLE.length),
      length: fc.nat(20),
      put: fc.string({ unit: 'binary', maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(cut, { minLength: 1, maxLength: 3 }), (cuts) => {
        let text = SAMPLE;
        for (const { at, length, put } of cuts) text = text.slice(0, at) + put + text.slice(at + length);
        survives(text);
      }),
      { numRuns: 1500 },
    );
  });

  it('values of any type at any setting', () => {
    const { value } = fc.letrec<{ value: TomlValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.toWellFormed()),
        fc.constantFrom('10/1d', '10m', 'off', 'permanent', '192.0.2.1', '', '/x', 'postfix', '-1', '9'.repeat(30)),
        fc.integer(),
        fc.double().map((number) => (Number.isFinite(number) ? Math.abs(number) % 1e6 : 0)),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom('attempts', 'within', 'block-for', 'factor', 'max', 'files', 'x', '', 'a b'),
          tie('value'),
          { maxKeys: 4 },
        ),
      ),
    }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...PATHS), value), { minLength: 1, maxLength: 3 }), (settings) => {
        survives(settings.map(([path, each]) => `${path} = ${tomlLiteral(each)}\n`).join(''));
      }),
      { numRuns: 3000 },
    );
  });

  it('nesting without end and keys without end', () => {
    survives(`x = ${'['.repeat(100_000)}`);
    survives(`server.allowed-ip = ${'['.repeat(49)}${']'.repeat(49)}`);
    survives(`x = ${'{ a = '.repeat(20_000)}`);
    survives(`${'a.'.repeat(5_000)}a = 1`);
    survives(`source.${'a.'.repeat(5_000)}a = 1`);
    survives(`server.fail2ban.scan = "${'1'.repeat(100_000)}"`);
    survives(`${'x'.repeat(100_000)} = 1`);
  });
});
