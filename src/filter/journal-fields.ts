/**
 * Programs that write only a description into a journal entry's MESSAGE and the rest into fields of their own. The line is
 * put together again as the program writes it into its log file, so that one filter reads both.
 */

const ADDRESS = /^[0-9A-Fa-f:.]{2,45}$/;
const PORT = /^\d{1,5}$/;

/**
 * Stalwart's keys, of which the message needs some: `remoteIp = 192.0.2.1, remotePort = 4111, accountName = "bob"`. What
 * it says of the connection comes first, so that no text of a client stands before the address.
 * @returns the message itself where the entry has no such fields
 */
export function withFields(message: string, fields: Readonly<Record<string, unknown>>): string {
  const address = firstText(fields['REMOTEIP']);
  if (!ADDRESS.test(address)) return message;
  const port = firstText(fields['REMOTEPORT']);
  const account = firstText(fields['ACCOUNTNAME']);
  const keys = [
    `remoteIp = ${address}`,
    ...(PORT.test(port) ? [`remotePort = ${port}`] : []),
    ...(account === '' ? [] : [`accountName = "${account}"`]),
  ];
  return `${message} ${keys.join(', ')}`;
}

/** The first value of a field, which may stand in an entry several times; as `fieldText`. */
function firstText(field: unknown): string {
  const isList = Array.isArray(field) && typeof field[0] !== 'number';
  return fieldText(isList ? (field as unknown[])[0] : field);
}

/** A field is text, or an array of bytes where it is no UTF-8; the result is latin1, one character a byte. */
export function fieldText(field: unknown): string {
  if (typeof field === 'string') return Buffer.from(field, 'utf8').toString('latin1');
  if (Array.isArray(field) && field.every(isNumber)) return Buffer.from(field).toString('latin1');
  return '';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
