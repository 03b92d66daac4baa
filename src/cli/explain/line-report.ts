/** Writes down what was made of a line, for people. */
import { basename } from 'node:path';
import { oneLine } from '../../core/one-line.ts';
import { ROLE_WORDS } from '../roles.ts';
import type { Terminal } from '../terminal.ts';
import { wallClock } from '../times.ts';
import type { LineView, MatchView, NearestView } from './line.ts';
import { partStyle, shownPieces } from './pieces.ts';

const NAME_WIDTH = 11;
/** Of what stands behind the place where a pattern stops matching. */
const LONGEST_FOUND = 60;

/** @param alone it is the only line, so its number says nothing. */
export function printLine(view: LineView, alone: boolean, terminal: Terminal): void {
  if (!alone) terminal.print(terminal.style('bold', `Line ${view.line}`));
  for (const line of [...headerLines(view), ...messageLines(view, terminal), ...verdictLines(view, terminal)])
    terminal.print(line);
}

function headerLines({ stamp, time, host, program, pid, format, unpacked, times, filters }: LineView): string[] {
  return [
    ...(unpacked === null ? [] : [fact('container', unpacked)]),
    fact(
      'time',
      stamp === null ? (format === 'journal' ? 'from the journal' : 'none') : `${stamp.text} (${stamp.format})`,
    ),
    ...(time === null ? [] : [fact('', `${utc(time)} UTC, ${wallClock(time)} on this host`)]),
    ...(host === null ? [] : [fact('host', host)]),
    fact('program', program === null ? 'none named' : `${program}${pid === null ? '' : `, process ${pid}`}`),
    ...(times === 1 ? [] : [fact('repeated', `${times} times`)]),
    fact('filters', filters.join(', ') || (program === null ? 'those of logs without program names' : 'none')),
  ];
}

function messageLines({ match, message, nearest }: LineView, terminal: Terminal): string[] {
  const indent = fact('message', '');
  if (match !== null) return shownPieces(match.pieces, indent, terminal);
  if (nearest === null) return [`${indent}${oneLine(message)}`];
  const up = [...oneLine(nearest.matched)].length;
  const text = oneLine(nearest.matched + nearest.found);
  return [`${indent}${text}`, `${' '.repeat(indent.length + up)}^`];
}

function verdictLines({ match, nearest, problem }: LineView, terminal: Terminal): string[] {
  if (match !== null) return matchLines(match, terminal);
  const text = terminal.style('yellow', `no match: ${oneLine(problem ?? '')}`);
  return nearest === null ? [`  ${text}`] : [`  ${text}`, ...nearestLines(nearest)];
}

function matchLines(match: MatchView, terminal: Terminal): string[] {
  const { filter, pattern, file, as, kind, also, connection, attempts, pieces } = match;
  const named = pieces.flatMap(({ name, text }) => (name === null ? [] : [{ name, text }]));
  return [
    fact('pattern', `${pattern} of ${filter} (${basename(file)})`),
    fact('taken as', ROLE_WORDS[as]),
    ...(kind === null ? [] : [fact('kind', also === null ? kind : `${kind}, and ${also}`)]),
    ...named.map(({ name, text }) => `${fact(name, '')}${partStyle(name, oneLine(text), terminal)}`),
    ...(attempts === 1 ? [] : [fact('counts as', `${attempts} failures`)]),
    ...(connection === null ? [] : [fact('connection', connection)]),
  ];
}

function nearestLines({ filter, pattern, file, expected, found }: NearestView): string[] {
  const end = found.length > LONGEST_FOUND ? `${found.slice(0, LONGEST_FOUND)}…` : found;
  return [
    fact('nearest', `${pattern} of ${filter} (${basename(file)}), matches up to the ^`),
    fact('expected', expected === '' ? 'the end of the message' : expected),
    fact('found', found === '' ? 'the end of the message' : end),
  ];
}

function fact(name: string, text: string): string {
  return `  ${name.padEnd(NAME_WIDTH)} ${oneLine(text)}`;
}

/** `2026-11-22 08:47:29.030` */
function utc(time: number): string {
  return new Date(time).toISOString().replace('T', ' ').replace('Z', '');
}
