/** Filter files: what a good one becomes, and for each broken one the place and a sentence. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadFilters, parseFilter } from '../../src/config/filter-files.ts';
import { ConfigError } from '../../src/errors.ts';

const HEAD = `name = "own"
programs = ["prog"]
`;
const PATTERN = `[[pattern]]
name = "one"
kind = "scan"
pattern = '''bad thing from <ip>'''
samples = [ { line = 'Nov 22 08:47:25 mx1 prog: bad thing from 192.0.2.1', ip = '192.0.2.1' } ]
`;
const GOOD = HEAD + PATTERN;

function problem(text: string): string {
  try {
    parseFilter(text, '/etc/filters/own.toml');
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.file, '/etc/filters/own.toml');
    const message = error.message.replace(/^Cannot use this filter: /, '');
    return `${error.line}:${error.column} ${message}${error.hint === '' ? '' : ` [${error.hint}]`}`;
  }
  return 'none';
}

test('a filter is what its file says, with defaults for what it does not say', () => {
  const { file, definition, compiled } = parseFilter(GOOD, '/etc/filters/own.toml');
  assert.equal(file, '/etc/filters/own.toml');
  const { patterns, ...rest } = definition;
  assert.deepEqual(rest, {
    name: 'own',
    programs: ['prog'],
    units: [],
    session: 'none',
    logsEnds: false,
    ownLog: false,
    copies: false,
    prefix: '',
    negatives: [],
    stories: [],
  });
  assert.deepEqual(
    { ...patterns[0], samples: [] },
    {
      name: 'one',
      as: 'event',
      kind: 'scan',
      also: null,
      layer: '',
      explainsLogin: false,
      pattern: 'bad thing from <ip>',
      samples: [],
    },
  );
  assert.deepEqual(
    compiled.patterns.map(({ literal }) => literal),
    ['bad thing from '],
  );
});

test('each mistake is shown with its place and a sentence', () => {
  const edit = (from: string, to: string): string => {
    assert.ok(GOOD.includes(from), from);
    return GOOD.replace(from, to);
  };
  const table: readonly (readonly [text: string, problem: string])[] = [
    [GOOD, 'none'],
    ['', '1:1 name is missing'],
    [HEAD, '1:1 pattern is missing'],
    [edit('"own"', '3'), '1:8 name is 3, expected text in quotes'],
    [edit('"own"', '"other"'), '1:8 it is named "other", name it as its file own.toml'],
    [edit('["prog"]', '[]'), '2:12 programs is empty'],
    [edit('["prog"]', '"prog"'), '2:12 programs is "prog", expected a list'],
    [
      edit('"one"', '"One two"'),
      '4:8 name of the pattern "One two" is "One two", expected small letters, digits and hyphens',
    ],
    [
      edit('"scan"', '"scam"'),
      '5:8 kind of the pattern "one" is "scam", expected one of authentication, invalid-rcpt, loitering, scan, success, request',
    ],
    [edit('name = "one"\n', ''), '3:3 name of pattern number 1 is missing'],
    [edit('kind =', 'kin ='), '5:1 "kin" is no key of the pattern "one" [Did you mean "kind"?]'],
    [edit('programs', 'zzzzzz = 1\nprograms'), '2:1 "zzzzzz" is no key of a filter'],
    [edit(", ip = '192.0.2.1'", ', ip = 3'), '7:81 samples.0.ip of the pattern "one" is 3, expected text in quotes'],
    [
      edit(/\[ \{.*\]/.exec(GOOD)?.[0] ?? '', '[]'),
      '7:11 samples of the pattern "one" is empty [Every pattern needs at least one real line as a sample]',
    ],
    [GOOD + PATTERN, '9:8 the pattern "one" has the name of another one'],
    [edit('kind = "scan"\n', ''), '3:3 the pattern "one" needs a kind, for a line taken as event makes an event'],
    [
      edit('kind', 'as = "note"\nkind'),
      '6:8 the pattern "one" has the kind scan, but a line taken as note makes no event',
    ],
    [edit('kind = "scan"', 'as = "hint"'), '3:3 the pattern "one" needs a layer, for it is taken as hint'],
    [
      edit('kind = "scan"', 'as = "note"\nalso = "scan"'),
      '6:8 the pattern "one" makes a second event, but a line taken as note makes no first one',
    ],
    [
      edit('kind = "scan"', 'as = "echo"\nlayer = "x"\nkind = "scan"'),
      '7:8 the pattern "one" is taken as echo, so its kind is authentication',
    ],
    [
      edit('kind = "scan"', 'as = "summary"\nkind = "scan"'),
      '6:8 the pattern "one" is taken as summary, so its kind is authentication',
    ],
    [edit('bad thing', 'a<addr>'), '6:15 the pattern "one" does not work: <addr> is no token, there are <ip> …'],
    [edit('bad thing from', '(bad thing'), '6:11 the pattern "one" does not work: Invalid regular expression…'],
    [
      edit('bad thing from', '(?=bad) thing from'),
      '6:11 the pattern "one" does not work: "(?=bad)" looks around or back, which cannot run in linear time; write it without',
    ],
    [`${GOOD}[[story]]\nname = "s"\nlines = []\nevents = []\n`, '10:9 lines of the story "s" is empty'],
    [
      `${GOOD}[[story]]\nname = "s"\nlines = ["x"]\nevents = [ { kind = "scan" } ]\n`,
      '11:12 events.0.ip of the story "s" is missing',
    ],
    [
      edit('name = "own"', 'name = own'),
      '1:8 Cannot read this as TOML: invalid value [Text, rates and durations stand in quotes, such as "10/1m"]',
    ],
  ];
  for (const [text, expected] of table) {
    const found = problem(text);
    if (expected.endsWith('…')) assert.ok(found.startsWith(expected.slice(0, -1)), found);
    else assert.equal(found, expected);
  }
});

test('whatever stands in a file, the answer is a filter or a place', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...GOOD.split(/(?<=\n)/),
      '[[story]]\n',
      'as = "echo"\n',
      'also = 1\n',
      'x',
      '"',
      "'''",
      '[',
      ']',
      '=',
      '\n',
    ),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12, size: 'max' }), (pieces) => {
      assert.match(problem(pieces.join('')), /^(?:none|\d+:\d+ \S)/);
    }),
    { numRuns: 2_000 },
  );
});

test('a folder gives its filters by name, other files are left alone, and a broken one is told', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'filters-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'own.toml'), GOOD);
  await writeFile(join(folder, 'own.toml~'), 'rubbish');
  await writeFile(join(folder, 'README'), 'rubbish');
  assert.deepEqual([...(await loadFilters(folder)).keys()], ['own']);
  await writeFile(join(folder, 'second.toml'), GOOD);
  await assert.rejects(loadFilters(folder), {
    name: 'ConfigError',
    file: join(folder, 'second.toml'),
    line: 1,
    column: 8,
  });
  await assert.rejects(loadFilters(join(folder, 'nothing')), { code: 'ENOENT' });
});
