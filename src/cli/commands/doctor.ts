/** `tailban doctor`: looks the host over and says what to fix, the worst at the end, with the lines to paste. */
import { CHECKS } from '../../doctor/checks/all.ts';
import { examine } from '../../doctor/examine.ts';
import { type Finding, type Severity, worstOf } from '../../doctor/finding.ts';
import { gather } from '../../doctor/gather.ts';
import { thisHost } from '../../doctor/this-host.ts';
import { adminAddress } from '../admin-address.ts';
import { reportLines } from '../doctor/report.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Invocation } from '../invocation.ts';
import { printLines } from '../lines.ts';
import { configPath, filtersFolder, ownFiltersFolder } from '../places.ts';
import { counted } from '../times.ts';

export interface DoctorOptions {
  readonly json?: boolean;
}

const EXITS: Readonly<Record<Severity, ExitCode>> = {
  ok: EXIT.ok,
  note: EXIT.ok,
  warning: EXIT.warnings,
  problem: EXIT.problems,
};

export async function doctor(invocation: Invocation, { json }: DoctorOptions): Promise<ExitCode> {
  const { terminal, globals, version } = invocation;
  const now = (): number => terminal.now();
  const origin = { env: terminal.env, pid: process.pid, proc: '/proc' };
  const host = thisHost({ now, adminAddress: adminAddress(origin) });
  const isRoot = host.uid === 0;
  terminal.progress(`Looking at ${counted(CHECKS.length, 'thing')} …`);
  const situation = await gather({
    version,
    configPath: configPath(globals.config),
    filterFolder: filtersFolder(),
    ownFilterFolder: ownFiltersFolder(globals.filters),
    socketPath: globals.socket ?? null,
    isRoot,
    now,
  });
  const findings = await examine(CHECKS, host, situation);
  terminal.progress('');
  const severity = worstOf(findings);
  if (json) await terminal.write(`${JSON.stringify({ severity, findings } satisfies DoctorReport, null, 2)}\n`);
  else printLines(terminal, reportLines(findings, { isRoot, width: terminal.width }));
  return EXITS[severity];
}

/** What `--json` prints. */
interface DoctorReport {
  readonly severity: Severity;
  readonly findings: readonly Finding[];
}
