/** The admin's own filters beside the shipped ones: what is new, what replaces and extends, and what is wrong. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Filter, loadFilters, ownFilterNotes } from '../../src/config/filter-files.ts';
import { ConfigError } from '../../src/errors.ts';

const SAMPLE = "samples = [{ line = 'Nov 22 08:47:25 mx1 prog: x', ip = '192.0.2.1' }]";

function pattern(name: string, source: string): string {
  return `[[pattern]]\nname = "${name}"\nkind = "scan"\npattern = '''${source}'''\n${SAMPLE}\n`;
}

const SHIPPED = `name = "one"
programs = ["prog"]
units = ["prog.service"]
session = "pid"
prefix = '(?:<stamp> )?'
negatives = ["shipped"]
${pattern('first', 'first from <ip>')}${pattern('second', 'second from <ip>')}`;

interface Folders {
  load(): Promise<Map<string, Filter>>;
  write(name: string, text: string): Promise<void>;
  problem(): Promise<string>;
  readonly own: string;
}

async function folders(t: TestContext): Promise<Folders> {
  const folder = await mkdtemp(join(tmpdir(), 'own-filters-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [shipped, own] = [join(folder, 'shipped'), join(folder, 'own')];
  await mkdir(shipped);
  await writeFile(join(shipped, 'one.toml'), SHIPPED);
  await writeFile(join(shipped, 'two.toml'), SHIPPED.replace('"one"', '"two"'));
  const load = (): Promise<Map<string, Filter>> => loadFilters(shipped, own);
  return {
    load,
    own,
    write: async (name, text) => {
      await mkdir(own, { recursive: true });
      await writeFile(join(own, name), text);
    },
    problem: async () => {
      try {
        await load();
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        assert.ok(error.file.startsWith(own));
        return `${error.line}:${error.column} ${error.message.replace('Cannot use this filter: ', '')} [${error.hint}]`;
      }
      return 'none';
    },
  };
}

function patternsOf(filter: Filter | undefined): string[] {
  return (
    filter?.compiled.patterns.map(({ name, regex }) => `${name} ${/second|first|own/.exec(regex.source)?.[0]}`) ?? []
  );
}

test('without a folder of own filters there are the shipped ones', async (t) => {
  const { load } = await folders(t);
  const filters = await load();
  assert.deepEqual([...filters.keys()], ['one', 'two']);
  assert.deepEqual(ownFilterNotes(filters), []);
});

test('a file of a new name is a new filter, which comes before the shipped ones', async (t) => {
  const { load, write, own } = await folders(t);
  await write('zoo.toml', `name = "zoo"\nprograms = ["zoo"]\n${pattern('own', 'own from <ip>')}`);
  await write('README', 'nothing');
  const filters = await load();
  assert.deepEqual([...filters.keys()], ['zoo', 'one', 'two']);
  assert.deepEqual(ownFilterNotes(filters), [`own filter zoo: ${join(own, 'zoo.toml')}`]);
});

test('a file of the name of a shipped one replaces it', async (t) => {
  const { load, write, own } = await folders(t);
  await write('one.toml', `name = "one"\nprograms = ["zoo"]\n${pattern('own', 'own from <ip>')}`);
  const filters = await load();
  assert.deepEqual([...filters.keys()], ['one', 'two']);
  assert.deepEqual(patternsOf(filters.get('one')), ['own own']);
  assert.equal(filters.get('one')?.definition.session, 'none');
  assert.deepEqual(ownFilterNotes(filters), [`own filter one instead of the shipped one: ${join(own, 'one.toml')}`]);
});

test('one that extends adds patterns before the shipped ones, replaces and disables by name, and adds programs and units', async (t) => {
  const { load, write } = await folders(t);
  await write(
    'one.toml',
    `name = "one"\nextends = true\nprograms = ["zoo"]\nunits = ["zoo.service"]\n${pattern('second', 'second own <ip>')}${pattern('own', 'own from <ip>')}`,
  );
  await write('two.toml', 'name = "two"\nextends = true\ndisabled = ["first"]\n');
  const filters = await load();
  assert.deepEqual(patternsOf(filters.get('one')), ['own own', 'first first', 'second second']);
  const { definition, written, compiled } = filters.get('one') ?? assert.fail();
  assert.deepEqual(definition.programs, ['zoo', 'prog']);
  assert.deepEqual(definition.units, ['zoo.service', 'prog.service']);
  assert.equal(definition.session, 'pid');
  assert.deepEqual(definition.negatives, [], 'these are for the shipped filter alone');
  assert.deepEqual(
    written.patterns.map(({ name }) => name),
    ['second', 'own'],
  );
  assert.ok(compiled.patterns[0]?.regex.test('2026-11-22 08:47:25 own from 192.0.2.1'), 'the prefix holds for all');
  assert.ok(compiled.patterns[2]?.regex.test('second own 192.0.2.1'));
  assert.ok(compiled.programs.test('zoo') && compiled.programs.test('prog'));
  assert.deepEqual(patternsOf(filters.get('two')), ['second second']);
});

test('what is wrong with an own file is told with its place', async (t) => {
  const head = 'name = "one"\nextends = true\n';
  const table: readonly (readonly [file: string, text: string, problem: RegExp])[] = [
    ['new.toml', head.replace('one', 'new'), /^2:11 there is no shipped filter "new" that it could extend \[Leave out/],
    [
      'one.toml',
      `${head}disabled = ["fist"]\n`,
      /^3:13 the shipped filter has no pattern "fist" \[Did you mean "first"\?\]$/,
    ],
    ['one.toml', `${head}session = "none"\n`, /^3:1 "session" is no key of a filter that extends a shipped one/],
    ['one.toml', `${head}prefix = "x"\n`, /^3:1 "prefix" is no key of a filter that extends/],
    ['one.toml', 'name = "one"\nextends = 1\n', /^2:11 extends is 1, expected true or false/],
    [
      'one.toml',
      'name = "one"\ndisabled = []\nprograms = ["x"]\n',
      /^\d:\d+ (?:"disabled" is no key of a filter|pattern is missing)/,
    ],
    ['one.toml', head + pattern('own', 'own (<ip>'), /^6:11 the pattern "own" does not work: Invalid regular/],
    [
      'one.toml',
      head + pattern('own', 'own <any> at <ip> <any>'),
      /^6:\d+ the pattern "own" is not safe: a line can have its address in two places, so a client could choose: .* \[Before the/,
    ],
    ['one.toml', `${head}]`, /^3:\d Cannot read this as TOML/],
  ];
  for (const [file, text, expected] of table) {
    const host = await folders(t);
    await host.write(file, text);
    assert.match(await host.problem(), expected);
  }
});

test('a directory in the place of an own file, or a file in the place of the folder, is told', async (t) => {
  const { write, problem, own } = await folders(t);
  await write('README', '');
  await mkdir(join(own, 'dir.toml'));
  assert.match(await problem(), /^0:0 Cannot read this filter: EISDIR/);
  await rm(own, { recursive: true });
  await writeFile(own, '');
  assert.match(await problem(), /^0:0 Cannot read this folder of filters: ENOTDIR/);
});

test('units are told by their whole names, and what no unit is called is an error', async (t) => {
  const { load, write, problem } = await folders(t);
  const filter = (units: string) =>
    `name = "new"\nprograms = ["new"]\nunits = [${units}]\n${pattern('own', 'own from <ip>')}`;
  await write('new.toml', filter('"turnstile", "gate@1"'));
  assert.deepEqual((await load()).get('new')?.definition.units, ['turnstile.service', 'gate@1.service']);
  await write('new.toml', filter('"a", "gate*"'));
  assert.equal(
    await problem(),
    '3:15 "gate*" is a pattern, but units are known by their whole names [Write each unit by its name, such as "dovecot.service" or "postfix@-.service"; systemctl list-units shows them]',
  );
});
