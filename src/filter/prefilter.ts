/**
 * The first look at a line of text: one regular expression over all filters that tells from the beginning of the message
 * whether any pattern can match. Most lines end here, long before their last byte. It may let a line pass that nothing
 * matches, but never the other way round: a line whose head is not the usual one passes.
 */
import type { CompiledPattern } from './compile.ts';

/** The shortest time stamp, that of RFC 3164, has so many characters: before them no tag ends. */
const SHORTEST_STAMP = 15;
const NUL = 0;
const LESS_THAN = 60;
/** What stands behind the first `: ` of a line in Dovecot's own log, and of one that rsyslog folded. */
const OTHER_BEGINNINGS = [['(?:Info|Warning|Error|Fatal|Panic|Debug): '], ['message repeated ']];

/** Whether the line that starts there may match; the text may hold more lines. */
export type LineTest = (text: string, start: number) => boolean;

export function lineTest(patterns: readonly CompiledPattern[]): LineTest {
  const regex = new RegExp(anyOf([...OTHER_BEGINNINGS, ...patterns.map(({ beginning }) => beginning)]), 'y');
  return (text, start) => {
    const first = text.charCodeAt(start);
    // RFC 5424 has no colon behind the program, and the priority of RFC 3164 looks like its; a crash leaves NUL bytes.
    if (first === LESS_THAN || first === NUL) return true;
    regex.lastIndex = text.indexOf(': ', start + SHORTEST_STAMP) + 2;
    return regex.test(text);
  };
}

/** Alternatives, with what they have in common at their beginning taken out: it is tried once. */
function anyOf(sequences: readonly (readonly string[])[]): string {
  if (sequences.some((sequence) => sequence.length === 0)) return '';
  const groups = Map.groupBy(sequences, ([first]) => first ?? '');
  const alternatives = [...groups].map(([first, group]) => first + anyOf(group.map((sequence) => sequence.slice(1))));
  return alternatives.length === 1 ? alternatives.join('') : `(?:${alternatives.join('|')})`;
}
