/** A login that a server reports, as a sighting beside those that are read from logs. Pure. */
import type { Millis } from '../core/types.ts';
import type { Sighting } from '../filter/match.ts';
import type { LoginReport } from '../gate/types.ts';

const KINDS = { success: 'success', failure: 'authentication', refused: null } as const;
/** Of a longer login only the beginning is shown as evidence. */
const LONGEST_SHOWN = 200;

export function reportSighting(report: LoginReport, time: Millis): Sighting {
  const { reporter, outcome, ip, login, session, password } = report;
  return {
    filter: reporter,
    pattern: outcome,
    as: outcome === 'refused' ? 'excused' : 'event',
    kind: KINDS[outcome],
    also: null,
    layer: reporter,
    explainsLogin: false,
    time,
    ip,
    login,
    password,
    session,
    connection: null,
    endIsLogged: false,
    attempts: 1,
    span: 0,
    counts: null,
    text: textOf(report, time),
    line: 0,
  };
}

/** What stands in for a log line as evidence; the login is the client's, so it is written with escapes. */
function textOf({ reporter, outcome, ip, login, session }: LoginReport, time: Millis): string {
  const name = login === null ? 'no login' : JSON.stringify(login.slice(0, LONGEST_SHOWN));
  const suffix = session === null ? '' : `, session ${session}`;
  return `${new Date(time).toISOString()} ${reporter}: ${outcome === 'success' ? 'login' : 'failed login'} of ${name} from ${ip}${suffix}`;
}
