/** Tables without borders, for people at 80 columns. The only user of cli-table3. */
import CliTable from 'cli-table3';
import { printable } from './terminal.ts';

export interface TableLayout {
  readonly head: readonly string[];
  /** The column that gives way where the table is wider than the terminal, by its index. */
  readonly flexible: number;
  /** In characters; null cuts nothing. */
  readonly width: number | null;
  readonly style: (head: string) => string;
}

const GAP = 2;
const NARROWEST = 12;
const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

/** The table as lines; cells are made harmless, since logs and admins wrote what is in them. */
export function renderTable(rows: readonly (readonly string[])[], layout: TableLayout): string {
  const cells = rows.map((row) => row.map((cell) => printable(cell).replaceAll('\n', ' ')));
  const colWidths = widthsOf([layout.head, ...cells], layout);
  const table = new CliTable({
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colWidths,
  });
  table.push(
    layout.head.map((title) => layout.style(title)),
    ...cells,
  );
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function widthsOf(rows: readonly (readonly string[])[], { flexible, width }: TableLayout): (number | null)[] {
  const columns = rows[0]?.length ?? 0;
  const natural = Array.from({ length: columns }, (_, column) =>
    rows.reduce((widest, row) => Math.max(widest, [...(row[column] ?? '')].length), 0),
  );
  const total = natural.reduce((sum, one) => sum + one + GAP, -GAP);
  const own = natural[flexible] ?? 0;
  return natural.map((_, column) =>
    column !== flexible || width === null || total <= width
      ? null
      : Math.max(Math.min(own, NARROWEST), own - (total - width)) + GAP,
  );
}
