/**
 * How lists are written: networks, files, units, filters, ports. A list is an array, or where its items cannot hold
 * white space, one string with spaces between them; every bad item is reported at its own place.
 */
import { type Network, networkBase, networkLength, parseAddress, parseNetwork } from '../core/ip.ts';
import { found } from './forms.ts';
import type { Form, Issue, Report } from './setting.ts';
import type { TomlValue } from './toml.ts';
import { unitName } from './unit-name.ts';

/** Addresses and networks. An empty list is one. */
export function networks(): Form<readonly Network[]> {
  return {
    type: 'array, or one string with spaces, of addresses and CIDR networks',
    read: (value, report) => {
      const items = textItems(value, /[^\s,]+/g, 'an address or network', report);
      return items && readAll(items, readNetwork, report);
    },
    write: (value) => value.map(shortNetwork),
  };
}

/** Absolute paths in which `*`, `?` and the like may stand. */
export function globs(): Form<readonly string[]> {
  return {
    type: 'array of absolute paths, with * and ? if need be',
    read: (value, report) => {
      const items = textItems(value, null, 'a path', report, 'file');
      return items && readAll(items, readGlob, report);
    },
    write: (value) => value,
  };
}

/** Some of these words; they come back in this order, each once. `what` they are is for the error, such as `events`. */
export function someOf<W extends string>(words: readonly W[], what: string): Form<readonly W[]> {
  const all = words.map((word) => `"${word}"`).join(', ');
  return {
    type: `array of ${all}`,
    read: (value, report) => {
      if (!Array.isArray(value) || value.length === 0)
        return report({ message: `${found(value)} names no ${what}`, hint: `Write an array of some of ${all}` });
      value.forEach((item: TomlValue, index) => {
        if (!words.some((word) => word === item))
          report({ path: [index], message: `${found(item)} is none of ${all}` });
      });
      return words.filter((word) => value.includes(word));
    },
    write: (value) => [...value],
  };
}

/** Names of systemd units; a bare one is that of a service. */
export function units(): Form<readonly string[]> {
  return {
    type: 'array, or one string with spaces, of systemd units',
    read: (value, report) => {
      const items = textItems(value, /\S+/g, 'a unit', report, 'unit');
      return items && readAll(items, readUnit, report);
    },
    write: (value) => value,
  };
}

/** Names of filters; whether there are such filters is checked in `load.ts`, which is told their names. */
export function filterNames(): Form<readonly string[]> {
  return {
    type: 'array, or one string with spaces, of filter names',
    read: (value, report) => {
      const items = textItems(value, /[^\s,]+/g, 'the name of a filter', report, 'filter');
      return items && readAll(items, readFilterName, report);
    },
    write: (value) => value,
  };
}

/** TCP ports, each once; an empty list is one. */
export function ports(): Form<readonly number[]> {
  return {
    type: 'array of port numbers',
    read: (value, report) => {
      if (!Array.isArray(value))
        return report({
          message: `${found(value)} is no array of ports`,
          hint: 'Write [25, 587], or [] for all ports',
        });
      value.forEach((port: TomlValue, index) => {
        if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535)
          report({ path: [index], message: `${found(port)} is no port, a whole number from 1 to 65535` });
      });
      return [...new Set(value as number[])];
    },
    write: (value) => value,
  };
}

/** Names of chains of iptables, at least one. */
export function chains(): Form<readonly string[]> {
  return {
    type: 'array, or one string with spaces, of names of chains',
    read: (value, report) => {
      const items = textItems(value, /[^\s,]+/g, 'a chain', report, 'chain');
      return items && [...new Set(readAll(items, readChain, report))];
    },
    write: (value) => value,
  };
}

interface Item {
  readonly text: string;
  /** Where it stands: the index in an array, or the offset in one string. */
  readonly at: Pick<Issue, 'path' | 'offset'>;
}

type ReadItem<T> = (
  text: string,
  fail: (message: string, hint?: string, offset?: number) => undefined,
) => T | undefined;

/**
 * The items of an array of strings, or of one string, cut up by `word` where that is given. `required` names what there
 * must be at least one of.
 */
function textItems(
  value: TomlValue,
  word: RegExp | null,
  what: string,
  report: Report,
  required: string | null = null,
): Item[] | undefined {
  if (typeof value !== 'string' && !Array.isArray(value))
    return report({ message: `${found(value)} is no list`, hint: 'Write ["…", "…"]' });
  if (required !== null && (typeof value === 'string' ? value.trim() : value).length === 0)
    return report({
      message: `the list names no ${required}`,
      hint: `Name at least one ${required}, or leave the setting out`,
    });
  if (typeof value === 'string') {
    if (word === null) return [{ text: value, at: {} }];
    return [...value.matchAll(word)].map((match) => ({ text: match[0], at: { offset: match.index } }));
  }
  return value.flatMap((item: TomlValue, index: number) => {
    if (typeof item === 'string') return [{ text: item, at: { path: [index] } }];
    report({ path: [index], message: `${found(item)} is not ${what}`, hint: 'Write it in quotes' });
    return [];
  });
}

/** Reads every item; what failed has been reported, so the shorter list that comes back is not used then. */
function readAll<T>(items: readonly Item[], read: ReadItem<T>, report: Report): T[] {
  return items.flatMap(({ text, at }) => {
    const fail = (message: string, hint?: string, offset = 0): undefined =>
      report({ ...at, offset: (at.offset ?? 0) + offset, message, ...(hint === undefined ? {} : { hint }) });
    const value = read(text, fail);
    return value === undefined ? [] : [value];
  });
}

const readNetwork: ReadItem<Network> = (text, fail) => {
  const network = parseNetwork(text);
  if (network !== null) return network;
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  if (slash >= 0 && parseAddress(address) !== null) {
    const most = address.includes(':') ? 128 : 32;
    return fail(`"${text.slice(slash + 1)}" is no prefix length from 0 to ${most}`, undefined, slash + 1);
  }
  if (/[\s,]/.test(text.trim()))
    return fail(`${found(text)} is more than one address`, 'Write each address as an item of its own');
  if (/[g-z]/i.test(text) && !text.includes(':'))
    return fail(`"${text}" is no address or network`, 'Host names are not looked up, write the addresses');
  return fail(`"${text}" is no address or network`, 'Write one such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32');
};

const readGlob: ReadItem<string> = (text, fail) => {
  if (!text.startsWith('/'))
    return fail(`"${text}" is no absolute path`, 'Write a path that starts with /, such as "/var/log/mail.log"');
  const control = text.search(/[\0-\x1f\x7f]/);
  if (control >= 0) return fail('a path holds no control characters', undefined, control);
  return text;
};

const readUnit: ReadItem<string> = (text, fail) => {
  const name = unitName(text);
  return typeof name === 'string' ? name : fail(name.message, name.hint);
};

const readFilterName: ReadItem<string> = (text, fail) =>
  /^\w[\w.-]*$/.test(text) ? text : fail(`"${text}" is no name of a filter`, 'Write one such as "postfix"');

/** iptables(8): at most 28 bytes; what begins with a dash or ! would be an option there. */
const readChain: ReadItem<string> = (text, fail) =>
  /^[A-Za-z0-9_][\w.-]{0,27}$/.test(text)
    ? text
    : fail(`"${text}" is no name of a chain`, 'Write one such as "INPUT" or "DOCKER-USER"');

/** A network of one address as that address. */
function shortNetwork(network: Network): string {
  const base = networkBase(network);
  return networkLength(network) === (base.includes(':') ? 128 : 32) ? base : network;
}
