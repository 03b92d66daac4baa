/** Places of keys, values, items and characters in TOML texts of every spelling. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { indexPositions, offsetInString, offsetOf, type Path, placeAt } from '../../src/config/positions.ts';
import { parseToml, type TomlValue, tomlKey, tomlLiteral } from '../../src/config/toml.ts';

/** What stands at the place of a path's value, up to the end of its line. */
function valueText(text: string, path: Path): string {
  return text.slice(offsetOf(indexPositions(text), path, 'value')).split('\n', 1)[0] ?? '';
}

function keyPlace(text: string, path: Path): string {
  const { line, column } = placeAt(text, offsetOf(indexPositions(text), path, 'key'));
  return `${line}:${column}`;
}

const DOCUMENT = `# a comment with = and [brackets]
top = 1 # [not.a.table]
"quoted \\" key" = 'literal # no comment'
[a.b]
c.d = [1, [2, 3], # note ]
  "four", { five = 5 },
]
long = """
one \\
   two""" # after
date = 1979-05-27 07:32:00
other = 2
[ 'x y' . "z" ]
inline = { p = 1, q.r = "s", # TOML 1.1
  t = [ { u = 1979-05-27 07:32:00 }, 9 ], }
[[list]]
n = 1
[list.sub]
k = 2
[[list]]
n = 3
quotes = """"a"""" # the quotes inside
after = true`;

describe('places of keys and values', () => {
  const places: readonly (readonly [Path, string, string])[] = [
    [['top'], '2:1', '1 # [not.a.table]'],
    [['quoted " key'], '3:1', "'literal # no comment'"],
    [['a', 'b', 'c', 'd'], '5:3', '[1, [2, 3], # note ]'],
    [['a', 'b', 'long'], '8:1', '"""'],
    [['a', 'b', 'date'], '11:1', '1979-05-27 07:32:00'],
    [['a', 'b', 'other'], '12:1', '2'],
    [['x y', 'z', 'inline', 'p'], '14:12', '1, q.r = "s", # TOML 1.1'],
    [['x y', 'z', 'inline', 'q', 'r'], '14:21', '"s", # TOML 1.1'],
    [['x y', 'z', 'inline', 't', 0, 'u'], '15:11', '1979-05-27 07:32:00 }, 9 ], }'],
    [['list', 0, 'sub', 'k'], '19:1', '2'],
    [['list', 1, 'n'], '21:1', '3'],
    [['list', 1, 'quotes'], '22:1', '""""a"""" # the quotes inside'],
    [['list', 1, 'after'], '23:1', 'true'],
  ];
  for (const [path, place, value] of places) {
    it(`finds ${path.join('.')} at ${place}`, () => {
      parseToml(DOCUMENT, 'document');
      assert.equal(keyPlace(DOCUMENT, path), place);
      assert.equal(valueText(DOCUMENT, path), value);
      const windows = DOCUMENT.replaceAll('\n', '\r\n');
      assert.equal(keyPlace(windows, path), place);
      assert.equal(valueText(windows, path), `${value}${path.at(-1) === 'after' ? '' : '\r'}`);
    });
  }

  it('finds the items of nested arrays over several lines', () => {
    assert.equal(valueText(DOCUMENT, ['a', 'b', 'c', 'd', 1, 1]), '3], # note ]');
    assert.equal(valueText(DOCUMENT, ['a', 'b', 'c', 'd', 2]), '"four", { five = 5 },');
    assert.equal(valueText(DOCUMENT, ['a', 'b', 'c', 'd', 3, 'five']), '5 },');
  });

  it('falls back to the nearest table that is there', () => {
    assert.equal(keyPlace(DOCUMENT, ['a', 'b', 'nothing', 'below']), '4:4');
    assert.equal(keyPlace(DOCUMENT, ['nothing']), '1:1');
  });

  it('does not count a byte order mark', () => {
    assert.equal(offsetOf(indexPositions('\uFEFFa = 1'), ['a'], 'key'), 1);
  });

  it('finds every value of any document that it is given', () => {
    const leaf = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean());
    const { value } = fc.letrec<{ value: TomlValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 4, noNullPrototype: false }),
      ),
    }));
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), value, { maxKeys: 5 }),
        fc.constantFrom('\n', '\n\n# x = [\n'),
        (table, gap) => {
          const entries = Object.entries(table).filter(([key]) => key !== '__proto__');
          const text = entries.map(([key, each]) => `${tomlKey(key)} = ${tomlLiteral(each)}${gap}`).join('');
          for (const [key, each] of entries) checkValue(text, [key], each);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never throws and always ends, whatever the text', () => {
    const soup = fc.string({ unit: fc.constantFrom(...'[]{}="\'\\\n\r \t#.,a1-:u') });
    fc.assert(
      fc.property(soup, (text) => {
        indexPositions(text);
        offsetInString(text, 0, 3);
      }),
      { numRuns: 2000 },
    );
  });
});

function checkValue(text: string, path: Path, value: TomlValue): void {
  const found = text.slice(offsetOf(indexPositions(text), path, 'value'));
  assert.equal(found.slice(0, tomlLiteral(value).length), tomlLiteral(value));
  if (typeof value !== 'object') return;
  for (const [key, each] of Object.entries(value)) {
    if (key !== '__proto__') checkValue(text, [...path, Array.isArray(value) ? Number(key) : key], each as TomlValue);
  }
}

describe('places of characters in strings', () => {
  it('follows escapes, line continuations and literal strings', () => {
    assert.equal(offsetInString('"abc"', 0, 1), 2);
    assert.equal(offsetInString('"abc"', 0, 3), 4);
    assert.equal(offsetInString("'a\\bc'", 0, 2), 3);
    assert.equal(offsetInString('"\\u0041\\t\\U0001F600\\x41z"', 0, 5), 23);
    assert.equal(offsetInString('"""\nab\\\n   c"""', 0, 2), 11);
    assert.equal(offsetInString('"""\r\nab"""', 0, 0), 5);
  });

  it('gives the place of the value itself where it is no string', () => {
    assert.equal(offsetInString('x = 10', 4, 1), 4);
  });

  it('points at the spelling of each character of any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (value) => {
        const text = JSON.stringify(value);
        for (let index = 0; index < value.length; index++) {
          const spelled = text.slice(offsetInString(text, 0, index), offsetInString(text, 0, index + 1));
          if (spelled.length > 0) assert.equal(JSON.parse(`"${spelled}"`), value.charAt(index));
        }
      }),
    );
  });
});
