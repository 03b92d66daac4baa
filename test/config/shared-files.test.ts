/** One file in two sources: an error with its place, and only where lines would count twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigFile } from '../../src/config/files.ts';
import { parseConfigFiles } from '../../src/config/load.ts';
import { ConfigErrors } from '../../src/errors.ts';

function problems(...files: readonly ConfigFile[]): string[] {
  try {
    parseConfigFiles(files);
  } catch (error) {
    assert.ok(error instanceof ConfigErrors, String(error));
    return error.errors.map(
      ({ file, line, column, message, hint }) => `${file}:${line}:${column} ${message} [${hint}]`,
    );
  }
  return [];
}

const main = (text: string): ConfigFile => ({ path: 'tailban.toml', text });
const HINT =
  'Name each file in one source, with all the filters that it needs, or give the two sources different filters';
const told = (setting: string, glob: string, first: string): string =>
  `Cannot read ${setting}: ${glob} is read by ${first}, so every failure in it would count twice [${HINT}]`;

test('the same path in two sources is an error at the second one', () => {
  const text = '[source.mail]\nfiles = ["/var/log/mail.log"]\n[source.two]\nfiles = ["/a", "/var/log/mail.log"]\n';
  const second = told('source.two.files[1]', '/var/log/mail.log', 'source.mail already (tailban.toml:2)');
  assert.deepEqual(problems(main(text)), [`tailban.toml:4:16 ${second}`]);
});

test('the same glob is one too, written as a string and in a drop-in', () => {
  const dropIn = { path: 'conf.d/own.toml', text: '[source.two]\nfiles = "/var/log/mail*.log"\nfilter = "postfix"' };
  const text = '[source.mail]\nfiles = ["/var/log/mail*.log"]\nfilter = ["dovecot", "postfix"]';
  const second = told('source.two.files', '/var/log/mail*.log', 'source.mail already (tailban.toml:2)');
  assert.deepEqual(problems(main(text), dropIn), [`conf.d/own.toml:2:9 ${second}`]);
});

test('different filters find different lines, and one source may name a file twice', () => {
  const text = (filter: string): string =>
    `[source.a]\nfiles = ["/l", "/l"]\nfilter = "postfix"\n[source.b]\nfiles = ["/l"]\nfilter = "${filter}"`;
  assert.deepEqual(problems(main(text('dovecot'))), []);
  assert.equal(problems(main(text('dovecot postfix'))).length, 1);
});
