/** Tables without borders, for people at 80 columns. The only user of cli-table3. */
import CliTable from 'cli-table3';
import { oneLine } from '../core/one-line.ts';

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
/** cli-table3 compares every row with every other, so it is given so many at a time. */
const PIECE = 30;
/** Every character before this one is a column wide, and none is wider than two (Unicode Standard Annex 11). */
const FIRST_WIDE = '\u1100';
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
  const cells = [layout.head, ...rows.map((row) => row.map(oneLine))];
  const colWidths = widthsOf(cells, layout);
  cells[0] = layout.head.map((title) => layout.style(title));
  const pieces: string[] = [];
  for (let at = 0; at < cells.length; at += PIECE) pieces.push(renderPiece(cells.slice(at, at + PIECE), colWidths));
  return pieces.join('\n');
}

function renderPiece(rows: readonly (readonly string[])[], colWidths: number[]): string {
  const table = new CliTable({
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colWidths,
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** The same for all pieces, with the gap behind each column. */
function widthsOf(rows: readonly (readonly string[])[], { flexible, width }: TableLayout): number[] {
  const columns = rows[0]?.length ?? 0;
  const natural = Array.from({ length: columns }, (_, column) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0),
  );
  const total = natural.reduce((sum, one) => sum + one + GAP, -GAP);
  const own = natural[flexible] ?? 0;
  const left = width === null || total <= width ? own : Math.max(Math.min(own, NARROWEST), own - (total - width));
  return natural.map((one, column) => (column === flexible ? left : one) + GAP);
}

/** At most so many columns of the terminal. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += character < FIRST_WIDE ? 1 : 2;
  return width;
}
