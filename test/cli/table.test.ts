import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTable } from '../../src/cli/table.ts';

const HEAD = ['subject', 'reason', 'expires'];

function render(rows: readonly (readonly string[])[], width: number | null = null): string[] {
  return renderTable(rows, { head: HEAD, flexible: 1, width, style: (head) => head }).split('\n');
}

function addresses(count: number): string[][] {
  return Array.from({ length: count }, (_, i) => [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 'scan', 'never']);
}

test('columns are as wide at the end of a long table as at its beginning', () => {
  const rows = [...addresses(500), ['2001:db8:1111:2222:3333:4444:5555:6666', 'a much longer reason', 'in 5m']];
  const lines = render(rows);
  assert.equal(lines[0], `${'subject'.padEnd(40)}${'reason'.padEnd(22)}expires`);
  assert.equal(lines[1], `${'10.0.0.0'.padEnd(40)}${'scan'.padEnd(22)}never`);
  assert.equal(lines.at(-1), `${'2001:db8:1111:2222:3333:4444:5555:6666'.padEnd(40)}a much longer reason  in 5m`);
});

test('characters of two columns are neither cut nor put anything out of line', () => {
  const [, wide, narrow] = render([
    ['login 田中さん', '総当たり', 'never'],
    ['192.0.2.1', 'scan', 'never'],
  ]);
  assert.match(wide ?? '', /^login 田中さん {2,}総当たり {2,}never$/);
  assert.equal((wide?.indexOf('never') ?? 0) + 8, narrow?.indexOf('never'));
});

test('in a narrow terminal every row of a long table gives way alike', () => {
  const lines = render([...addresses(200), ['192.0.2.1', 'because '.repeat(20), 'never']], 60);
  assert.ok(
    lines.every((line) => line.length <= 60),
    lines.join('\n'),
  );
  assert.match(lines.at(-1) ?? '', /… {2}never$/);
  assert.equal(lines[1]?.indexOf('never'), lines.at(-1)?.indexOf('never'));
});
