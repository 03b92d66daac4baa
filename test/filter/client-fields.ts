/**
 * Which parts of a sample line a client wrote, by the tokens of its pattern, and the line with other text in their place.
 * Text is put in as servers do: a name of a host holds no blanks, quotation marks in quotes are escaped, and no syslog
 * writes a line break.
 */
import type { Filter } from '../../src/config/filter-files.ts';
import type { PatternDefinition, Sample } from '../../src/filter/definition.ts';
import { Dissector } from '../../src/filter/dissect.ts';
import { expandTokens } from '../../src/filter/tokens.ts';
import { options } from './reading.ts';

export interface ClientLine {
  readonly filter: Filter;
  readonly pattern: PatternDefinition;
  readonly sample: Sample;
  /** What the pattern is matched against, from where it begins in the line. */
  readonly message: string;
  readonly fields: readonly Field[];
  /** The line with this text in one of the fields. */
  with(field: Field, text: string): string;
}

export interface Field {
  readonly token: string;
  readonly start: number;
  readonly end: number;
}

/** What servers make of text before they write it, by token: of other tokens, clients write nothing. */
const WRITTEN: Readonly<Record<string, (text: string) => string>> = {
  login: (text) => text,
  plainlogin: (text) => text,
  any: (text) => text,
  escapedlogin: (text) => text.replace(/["\\]/g, '\\$&'),
  quoted: (text) => `"${text.replace(/["\\]/g, '\\$&')}"`,
  request: (text) => `GET /${text.replace(/["\\]/g, '\\$&')} HTTP/1.1`,
  forwarded: (text) => text.replace(/["\\]/g, '\\$&'),
  forwardedfor: (text) => text.replace(/["\\]/g, '\\$&'),
  path: (text) => text,
  host: (text) => text.replace(/[\s[\]]/g, '') || 'x',
  mechanism: (text) => text.replace(/[^A-Za-z0-9_-]/g, '').slice(0, 20) || 'X',
  dovecotmechanism: (text) => text.slice(0, 64).toUpperCase(),
  word: (text) => text.replace(/\s/g, '') || 'x',
};

/** The samples of a filter in which clients wrote something. */
export function clientLines(filter: Filter): ClientLine[] {
  const { patterns, prefix } = filter.definition;
  return patterns.flatMap((pattern) => {
    const { regex, tokens } = withFields(prefix + pattern.pattern);
    return pattern.samples.flatMap((sample) => {
      const line = Buffer.from(sample.line).toString('latin1');
      const { message, ownMessage } = new Dissector(options).dissect(Buffer.from(sample.line));
      const read = [message, ownMessage].find((text) => regex.test(text)) ?? '';
      const groups = regex.exec(read)?.indices?.groups ?? {};
      const fields = tokens.flatMap((token, index): Field[] => {
        const span = groups[`field${index}`];
        // What was unpacked stands elsewhere in the line.
        if (span === undefined || !line.endsWith(read.slice(span[0]))) return [];
        const shift = line.length - read.length;
        return [{ token, start: shift + span[0], end: shift + span[1] }];
      });
      const put = (field: Field, text: string): string => {
        const written = WRITTEN[field.token]?.(text.replaceAll('\n', '#012')) ?? '';
        return line.slice(0, field.start) + written + line.slice(field.end);
      };
      return [{ filter, pattern, sample, message: read, fields, with: put }];
    });
  });
}

/** The pattern with a capture of its own around every token that a client fills. */
function withFields(pattern: string): { regex: RegExp; tokens: string[] } {
  const tokens: string[] = [];
  const marked = pattern.replace(
    /(\(\?)?<([a-z][a-z0-9]{1,15})>/g,
    (whole, group: string | undefined, token: string) => {
      if (group !== undefined || WRITTEN[token] === undefined) return whole;
      return `(?<field${tokens.push(token) - 1}>${whole})`;
    },
  );
  // The captures of the tokens themselves have their names once each, as in the pattern.
  return { regex: new RegExp(`^(?:${expandTokens(marked)})$`, 'ds'), tokens };
}
