/** Names of systemd units, as the journal's `_SYSTEMD_UNIT` has them (systemd.journal-fields(7)): only equal ones match. */

interface UnitProblem {
  readonly message: string;
  readonly hint: string;
}

/** The types of units that have processes, which may log, and the others (systemd.unit(5)). */
const WITH_PROCESSES = /\.(?:service|scope|socket|mount|swap)$/;
const WITHOUT = /\.(?<type>target|timer|path|slice|device|automount)$/;

/** The whole name of a unit, of a service where no type is written; or why nothing would ever match it. */
export function unitName(text: string): string | UnitProblem {
  const written = JSON.stringify(text);
  if (/[*?[]/.test(text))
    return {
      message: `${written} is a pattern, but units are known by their whole names`,
      hint: 'Write each unit by its name, such as "dovecot.service" or "postfix@-.service"; systemctl list-units shows them',
    };
  if (!/^\w[\w:.@\\-]*$/.test(text))
    return {
      message: `${written} is no name of a systemd unit`,
      hint: 'Write one such as "dovecot.service" or "postfix@-.service"',
    };
  const type = WITHOUT.exec(text)?.groups?.['type'];
  if (type !== undefined)
    return {
      message: `${written} is a ${type}, which logs nothing`,
      hint: 'Write the service, such as "dovecot.service"',
    };
  const name = WITH_PROCESSES.test(text) ? text : `${text}.service`;
  if (/@\.\w+$/.test(name))
    return {
      message: `${written} is a template, and only its instances log`,
      hint: 'Write the instance behind the @, such as "postfix@-.service"',
    };
  return name;
}
