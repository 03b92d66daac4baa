/**
 * The findings for people: first what is in order, in short; then what is good to know; and last, where a terminal ends
 * up, what has to be done, the worst at the very end.
 */
import type { Finding, Severity } from '../../doctor/finding.ts';
import type { Line } from '../lines.ts';
import { title } from '../lines.ts';
import { counted } from '../times.ts';

export interface ReportOptions {
  readonly isRoot: boolean;
  /** In characters; null breaks no lines. */
  readonly width: number | null;
}

interface Look {
  readonly sign: string;
  readonly heading: string;
  readonly format: 'green' | 'yellow' | 'red' | null;
}

/** In the order of the report. */
const LOOKS: Readonly<Record<Severity, Look>> = {
  ok: { sign: '✓', heading: 'In order', format: 'green' },
  note: { sign: '·', heading: 'Good to know', format: null },
  warning: { sign: '!', heading: 'Warnings', format: 'yellow' },
  problem: { sign: '✗', heading: 'Problems', format: 'red' },
};
const NAME_WIDTH = 11;
const INDENT = ' '.repeat(NAME_WIDTH + 4);

export function reportLines(findings: readonly Finding[], { isRoot, width }: ReportOptions): Line[] {
  const lines: Line[] = [];
  for (const severity of Object.keys(LOOKS) as Severity[]) {
    const those = findings.filter((finding) => finding.severity === severity);
    if (those.length === 0) continue;
    lines.push(title(LOOKS[severity].heading), ...those.flatMap((finding) => findingLines(finding, width)), '');
  }
  if (!isRoot) lines.push('Not everything can be seen by this user: sudo tailban doctor', '');
  lines.push(summary(findings));
  return lines;
}

function findingLines({ check, severity, what, fix }: Finding, width: number | null): Line[] {
  const { sign, format } = LOOKS[severity];
  const [first = '', ...rest] = wrapped(what, width === null ? null : width - INDENT.length);
  const painted = (text: string): Line => (format === null ? text : { text, format });
  const lines = [
    painted(`  ${sign} ${check.padEnd(NAME_WIDTH)}${first}`),
    ...rest.map((text) => painted(INDENT + text)),
  ];
  if (fix === null) return lines;
  // Lines to paste are never broken.
  return [...lines, `${INDENT}${fix.where}:`, ...fix.lines.map((line) => `${INDENT}  ${line}`)];
}

function summary(findings: readonly Finding[]): Line {
  const count = (severity: Severity): number => findings.filter((finding) => finding.severity === severity).length;
  const problems = count('problem');
  const warnings = count('warning');
  if (problems > 0) {
    const more = warnings > 0 ? ` and ${counted(warnings, 'warning')}` : '';
    return { text: `${counted(problems, 'problem')}${more} to see to`, format: 'red' };
  }
  if (warnings > 0) return { text: `${counted(warnings, 'warning')}, no problem`, format: 'yellow' };
  return { text: 'All is well', format: 'green' };
}

/** Broken at blanks, where there is a width. */
function wrapped(text: string, width: number | null): string[] {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) ?? '';
    const longer = line === '' ? word : `${line} ${word}`;
    if (width !== null && line !== '' && longer.length > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
