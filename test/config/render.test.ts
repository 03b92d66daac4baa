/** The generated texts: the effective configuration loads again as what it was, and the reference is up to date. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../src/config/load.ts';
import { OLDER_NAMES } from '../../src/config/older-names.ts';
import { renderReference } from '../../src/config/reference.ts';
import { renderConfig } from '../../src/config/render.ts';
import { type TomlTable, tomlKey, tomlLiteral } from '../../src/config/toml.ts';

const duration = fc
  .tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom('ms', 's', 'm', 'h', 'd', 'w', 'h7s'))
  .map(([count, unit]) => `${count}${unit}`);
const banTime = fc.oneof(duration, fc.constant('permanent'));
const count = fc.integer({ min: 1, max: 1000 });
const rate = fc.oneof(
  fc.constantFrom('off', false),
  fc.tuple(count, duration).map(([times, period]) => `${times}/${period}`),
);
const limit = fc.oneof(
  rate,
  fc.record(
    { attempts: count, within: fc.oneof(duration, count), 'block-for': fc.oneof(banTime, count) },
    { requiredKeys: ['attempts', 'within'] },
  ),
);
const network = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, length]) => `${ip}/${length}`),
  fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(([ip, length]) => `${ip}/${length}`),
  fc.ipV4(),
);
const name = fc.stringMatching(/^\w[\w.-]{0,8}$/).filter((text) => !['__proto__', 'constructor'].includes(text));
const timezone = fc.constantFrom('UTC', 'Europe/Berlin');
const filter = fc.constantFrom('postfix', ['dovecot', 'postfix']);
const source = fc.oneof(
  fc.record(
    {
      files: fc.array(
        fc.string({ unit: 'grapheme-ascii' }).map((text) => `/${text}`),
        { minLength: 1, maxLength: 12 },
      ),
      timezone,
      filter,
    },
    { requiredKeys: ['files'] },
  ),
  fc.record(
    { units: fc.constantFrom('a.service b.service', ['c@-.service']), timezone, filter },
    { requiredKeys: ['units'] },
  ),
  fc.record({ journal: fc.constant(true), filter }, { requiredKeys: ['journal'] }),
  fc.record({ webhook: fc.constantFrom('127.0.0.1:8081', '[::1]:65535'), key: fc.constant('a "long" key') }),
);
/** The same name in two sources is an error. */
function withOwnFiles<T extends object>(sources: Record<string, T>): Record<string, T> {
  const own = Object.entries(sources).map(([folder, one]): [string, T] => {
    const files = 'files' in one && Array.isArray(one.files) ? one.files.map((path) => `/${folder}${path}`) : null;
    return [folder, files === null ? one : { ...one, files }];
  });
  return Object.fromEntries(own);
}

const document = fc.record(
  {
    server: fc.record(
      {
        'allowed-ip': fc.oneof(
          fc.array(network),
          fc.array(network).map((items) => items.join(' ')),
        ),
        'ipv6-prefix': fc.integer({ min: 32, max: 128 }),
        fail2ban: fc.record(
          {
            enabled: fc.boolean(),
            preset: fc.constantFrom('weak', 'normal', 'enhanced', 'paranoid'),
            authentication: limit,
            login: limit,
            'invalid-rcpt': limit,
            loitering: limit,
            scan: limit,
            'ban-time': banTime,
            increment: fc.oneof(
              fc.constant('off'),
              fc.record(
                { factor: fc.double({ min: 1.1, max: 900, noNaN: true }), 'forget-after': duration },
                { requiredKeys: [] },
              ),
            ),
          },
          { requiredKeys: [] },
        ),
        network: fc.dictionary(name, fc.record({ address: network, 'never-block': fc.boolean() }), { maxKeys: 3 }),
      },
      { requiredKeys: [] },
    ),
    source: fc.dictionary(name, source, { maxKeys: 3 }).map(withOwnFiles),
    firewall: fc.record({ ports: fc.array(fc.integer({ min: 1, max: 65535 })) }),
    authentication: fc.record({ 'rate-limit': rate }),
    jmap: fc.record({ 'rate-limit': fc.record({ account: rate, 'use-forwarded': fc.boolean() }) }),
    store: fc.record({ history: duration }),
  },
  { requiredKeys: [] },
);

describe('renderConfig', () => {
  it('writes any configuration so that it loads as the same again', () => {
    fc.assert(
      fc.property(document, (table) => {
        const text = tables(table as TomlTable);
        const { config } = parseConfig(text, 'one.toml');
        const again = parseConfig(renderConfig(config), 'two.toml');
        assert.deepEqual(again.config, config);
        assert.equal(renderConfig(again.config), renderConfig(config));
      }),
      { numRuns: 300 },
    );
  });

  it('writes the defaults without anything that brings a note', () => {
    const { config } = parseConfig('', '');
    const again = parseConfig(renderConfig(config), 'two.toml');
    assert.deepEqual(again, { config, notes: [], files: ['two.toml'] });
  });

  it('names the files that it was read from', () => {
    const { config } = parseConfig('', '');
    const [, ...lines] = renderConfig(config, ['/etc/a.toml', '/etc/b\nx = 1.toml']).split('\n', 4);
    assert.deepEqual(lines, ['# Read from:', '#   /etc/a.toml', '#   /etc/b·x = 1.toml']);
  });

  it('says what each setting means, and shows an example of what is not set', () => {
    const text = renderConfig(parseConfig('[source.mail]\nfiles = "/var/log/mail.log"\n', '').config);
    assert.match(text, /\n# How long past bans are kept\.\nhistory = "90d"\n/);
    assert.match(text, /\n\[source\.mail\]\n/);
    assert.match(text, /\n# timezone = "Europe\/Berlin"\n/);
    assert.match(text, /\nrate-limit = "10\/1m"\n/);
    for (const line of text.split('\n')) if (line.startsWith('# ')) assert.ok(line.length <= 100, line);
  });
});

describe('docs/configuration.md', () => {
  it('is what node docs/generate.ts writes', () => {
    assert.equal(readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8'), renderReference());
  });

  it('names every older name that is read, and what it is called today', () => {
    assert.ok(OLDER_NAMES.length > 6);
    for (const { from, to } of OLDER_NAMES)
      assert.ok(renderReference().includes(`| \`${from.join('.')}\` | \`${to.join('.')}\` |`), from.join('.'));
  });

  it('names every setting of the effective configuration', () => {
    const keys = renderConfig(parseConfig('', '').config).matchAll(/^(?:# )?([\w-]+) = /gm);
    for (const [, key] of keys) assert.ok(renderReference().includes(`| \`${key}\` |`), String(key));
  });
});

/** A document as TOML, each setting of a section as `section.key = value`. */
function tables(table: TomlTable): string {
  return Object.entries(table)
    .flatMap(([section, settings]) =>
      Object.entries(settings as TomlTable).map(
        ([key, value]) => `${tomlKey(section)}.${tomlKey(key)} = ${tomlLiteral(value)}\n`,
      ),
    )
    .join('');
}
