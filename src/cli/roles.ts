/** The roles of patterns in words. */
import type { Role } from '../filter/definition.ts';

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  event: 'an event, it counts as it stands',
  summary: 'the end of a session, it counts as often as other layers told of a failure on it, and at least once',
  echo: 'an echo of a layer behind the server, it counts only if the server itself says nothing',
  hint: 'a hint, it never counts, but lends its login to the line that does',
  held: 'held until the end of its connection, it counts unless the client turns out to be logged in',
  fallback: 'a fallback, it counts at the end of its connection if nothing else did',
  excused: 'excused, the server could not judge this attempt, so it counts for nobody',
  end: 'the end of a connection, where what was held on it is decided',
  start: 'the start of a connection, it tells who the client is and counts nothing',
  note: 'a note, it tells who the client of the connection is and counts nothing',
  broken: 'broken, the server failed, so what waits on this connection is forgotten',
};
