/**
 * `tailban explain`: what the daemon makes of a log line, step by step, or why somebody is banned. What reads as an
 * address or a network is one; everything else is a line.
 */
import { ApiError } from '../../api/client.ts';
import type { SubjectView } from '../../api/contract.ts';
import { parseNetwork } from '../../core/ip.ts';
import { oneLine } from '../../core/one-line.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';
import { readLimit } from '../limit-option.ts';
import { printLines } from '../lines.ts';
import { FORMS, readSubject, type SubjectOptions } from '../subject-argument.ts';

export interface ExplainOptions extends SubjectOptions {
  readonly source?: string;
  readonly last?: string;
  readonly filter?: readonly string[];
  readonly timezone?: string;
  readonly json?: boolean;
}

export async function explain(
  invocation: Invocation,
  argument: string | undefined,
  options: ExplainOptions,
): Promise<ExitCode> {
  const isSubject = options.login !== undefined || (argument !== undefined && parseNetwork(argument) !== null);
  return isSubject ? explainSubject(invocation, argument, options) : explainLines(invocation, argument, options);
}

async function explainSubject(
  invocation: Invocation,
  argument: string | undefined,
  options: ExplainOptions,
): Promise<ExitCode> {
  const { terminal } = invocation;
  const client = await connect(invocation);
  const view = await client.explain(readSubject(argument, options) ?? '');
  if (options.json) {
    await terminal.write(`${JSON.stringify(view, null, 2)}\n`);
    return EXIT.ok;
  }
  const { subjectLines } = await import('../explain/subject.ts');
  printLines(terminal, subjectLines(view, await client.status()));
  return EXIT.ok;
}

async function explainLines(
  invocation: Invocation,
  argument: string | undefined,
  options: ExplainOptions,
): Promise<ExitCode> {
  if (argument !== undefined && !/\s/.test(argument.trim()))
    throw new CliError(EXIT.usage, `"${argument}" is no address, no network and no log line`, FORMS);
  const last = options.last === undefined ? null : readLimit(options.last);
  if (last !== null && (options.source === undefined || argument !== undefined))
    throw new CliError(EXIT.usage, '--last takes lines of a source: give --source NAME, and no line');
  const { openLines, prepare, readLines } = await import('../explain/input.ts');
  const { eventLines, judgeEvents, presentLines, subjectsOf } = await import('../explain/events.ts');
  const { lastLines } = await import('../explain/source-lines.ts');
  const { printLine } = await import('../explain/line-report.ts');
  const { terminal } = invocation;
  const { explainer, judge, source } = await prepare(invocation, options);
  const blocks = last === null ? openLines(argument, terminal) : lastLines(source, last);
  const { lines, hasMore } = await readLines(await blocks);
  const views = lines.map((line) => explainer.explain(line));
  const events = judgeEvents(explainer.finish(), judge, terminal.now());
  const present = await presentViews(invocation, subjectsOf(events, judge));
  if (options.json) {
    await terminal.write(`${JSON.stringify({ lines: views, events, daemon: present.views }, null, 2)}\n`);
    return EXIT.ok;
  }
  for (const view of views) {
    printLine(view, views.length === 1, terminal);
    terminal.print('');
  }
  printLines(terminal, eventLines(events));
  if (present.views !== null && present.views.length > 0) printLines(terminal, ['', ...presentLines(present.views)]);
  if (present.problem !== null)
    terminal.note(oneLine(`note: what the daemon has counted is not known: ${present.problem}`));
  if (hasMore)
    terminal.note(`note: only the first ${lines.length} lines are explained; tailban match reads whole logs`);
  return EXIT.ok;
}

/** So many subjects are looked up in the daemon. */
const MOST_SUBJECTS = 20;

/** No daemon is no obstacle: the limits are those of the configuration. */
async function presentViews(
  invocation: Invocation,
  subjects: readonly string[],
): Promise<{ readonly views: readonly SubjectView[] | null; readonly problem: string | null }> {
  if (subjects.length === 0) return { views: [], problem: null };
  try {
    const client = await connect(invocation);
    const views: SubjectView[] = [];
    for (const subject of subjects.slice(0, MOST_SUBJECTS)) views.push(await client.explain(subject));
    return { views, problem: null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { views: null, problem: error.message };
  }
}
