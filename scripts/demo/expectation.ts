/** The demonstration tells nothing that it has not checked: what was expected, and what came instead. */
import { isDeepStrictEqual } from 'node:util';

export class Unexpected extends Error {
  override readonly name = 'Unexpected';
  readonly expected: string;
  readonly found: string;

  constructor(what: string, expected: unknown, found: unknown) {
    super(what);
    this.expected = text(expected);
    this.found = text(found);
  }
}

/** @throws Unexpected where the two differ. */
export function expectSame(what: string, found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) throw new Unexpected(what, expected, found);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
