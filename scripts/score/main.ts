/**
 * `npm run score`: how much of the attacks in `test/corpus/` the shipped filters see, server by server. With `--verbose`
 * each difference is named; `--json` prints everything; a folder as argument takes the place of the corpus.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadFilters } from '../../src/config/filter-files.ts';
import type { FailureKind } from '../../src/core/types.ts';
import { corpusFolders, readCorpus } from './corpus.ts';
import { type Score, score } from './score.ts';

const ROOT = join(import.meta.dirname, '../..');
const HEAD = ['server', 'failed logins', 'recipients', 'idle', 'probes', 'logins right', 'double', 'wrong', 'foreign'];
const COLUMNS: readonly FailureKind[] = ['authentication', 'invalid-rcpt', 'loitering', 'scan'];

const { values, positionals } = parseArgs({
  options: { verbose: { type: 'boolean', short: 'v' }, json: { type: 'boolean' } },
  allowPositionals: true,
});
const filters = [...(await loadFilters(join(ROOT, 'filters'))).values()].map(({ compiled }) => compiled);
const folders = positionals.length > 0 ? positionals : corpusFolders(join(ROOT, 'test/corpus'));
const scores = folders.map((folder) => score(readCorpus(folder, filters)));
if (values.json === true) process.stdout.write(`${JSON.stringify(scores, null, 2)}\n`);
else process.stdout.write(table(scores));

function table(all: readonly Score[]): string {
  const sum = together(all);
  const rows = [HEAD, HEAD.map(() => '---'), ...all.map(row), row(sum), ...rates(sum)];
  let text = rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
  if (values.verbose === true)
    for (const { name, differences } of all) for (const one of differences) text += `${name}: ${one}\n`;
  return text;
}

function row({ name, kinds, logins, foreign }: Score): string[] {
  const of = (kind: FailureKind): string => {
    const found = kinds.find((one) => one.kind === kind);
    if (found === undefined) return '';
    const extra = found.doubled + found.wrong === 0 ? '' : `, ${found.doubled + found.wrong} too many`;
    return found.expected === 0 && extra === '' ? '' : `${found.found} of ${found.expected}${extra}`;
  };
  const right = logins.expected === 0 ? '' : `${logins.right} of ${logins.expected}`;
  const doubled = kinds.reduce((sum, one) => sum + one.doubled, 0);
  const wrong = kinds.reduce((sum, one) => sum + one.wrong, 0);
  return [name, ...COLUMNS.map(of), right, String(doubled), String(wrong), String(foreign.length)];
}

/** Recall: how much of what happened is found. Precision: how much of what is found happened. */
function rates({ kinds, logins }: Score): string[][] {
  const recall = kinds.map(({ found, expected }) => percent(found, expected));
  const precision = kinds.map(({ found, doubled, wrong }) => percent(found, found + doubled + wrong));
  return [
    ['recall', ...recall, percent(logins.right, logins.expected), '', '', ''],
    ['precision', ...precision, '', '', '', ''],
  ];
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '' : `${((part / whole) * 100).toFixed(2)} %`;
}

function together(all: readonly Score[]): Score {
  return {
    name: 'all',
    scenarios: all.reduce((sum, { scenarios }) => sum + scenarios, 0),
    kinds: COLUMNS.map((kind) => {
      const of = all.flatMap(({ kinds }) => kinds.filter((one) => one.kind === kind));
      const add = (key: 'expected' | 'found' | 'doubled' | 'wrong'): number =>
        of.reduce((sum, one) => sum + one[key], 0);
      return { kind, expected: add('expected'), found: add('found'), doubled: add('doubled'), wrong: add('wrong') };
    }),
    logins: {
      expected: all.reduce((sum, { logins }) => sum + logins.expected, 0),
      right: all.reduce((sum, { logins }) => sum + logins.right, 0),
    },
    foreign: all.flatMap(({ foreign }) => foreign),
    differences: [],
  };
}
