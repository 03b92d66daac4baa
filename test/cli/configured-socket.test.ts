/** The daemon is found where its configuration says, whatever else is wrong with that. */
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { socketOf } from '../../src/cli/invocation.ts';
import { DEFAULT_SOCKET } from '../../src/cli/places.ts';
import { temporaryFolder } from '../api/serving.ts';
import { screen } from './screen.ts';

type Files = Readonly<Record<string, string>>;

async function look(t: TestContext, files: Files): Promise<{ socket: string; said: string }> {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'tailban.d'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return lookIn(folder);
}

async function lookIn(folder: string): Promise<{ socket: string; said: string }> {
  const { terminal, err } = screen();
  const globals = { config: join(folder, 'tailban.toml') };
  const socket = await socketOf({ terminal, globals, version: '1.2.3' });
  return { socket, said: err().replaceAll(`${folder}/`, '') };
}

const OWN = '[api]\nsocket = "/run/own.sock"\n';

test('what is wrong elsewhere does not hide the socket, and is left to who is asked', async (t) => {
  const cases: readonly Files[] = [
    { 'tailban.toml': OWN },
    { 'tailban.toml': "api.socket = '/run/own.sock' # here\nnonsense = 1\n" },
    { 'tailban.toml': OWN, 'tailban.d/a.toml': 'nonsense = 1\n' },
    { 'tailban.toml': OWN, 'tailban.d/a.toml': '[server\n' },
    { 'tailban.toml': '[api]\nsocket = "/run/other.sock"\n', 'tailban.d/a.toml': OWN },
    { 'tailban.toml': `[server.fail2ban]\nauthentication = 10/1m\n${OWN}ports = [\n` },
  ];
  for (const files of cases)
    assert.deepEqual(await look(t, files), { socket: '/run/own.sock', said: '' }, JSON.stringify(files));
});

test('where the socket itself cannot be read it is said why, with its place, and where tailban is looked for', async (t) => {
  const note = `note: so the socket may be another one; tailban is looked for at ${DEFAULT_SOCKET}\n`;
  for (const [text, problem] of [
    ['[api]\nsocket = /run/own.sock\n', /^tailban\.toml:2:\d+: Cannot read this as TOML/],
    ['[api]\nsocket = 3\n', /^tailban\.toml:2:10: Cannot read api\.socket: it is no path\n {2}2 \| socket = 3\n/],
  ] as const) {
    const { socket, said } = await look(t, { 'tailban.toml': text });
    assert.equal(socket, DEFAULT_SOCKET);
    assert.match(said, problem);
    assert.ok(said.endsWith(note), said);
  }
});

test('a drop-in that cannot be read is told, and the socket of the others is used', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'tailban.d'));
  await writeFile(join(folder, 'tailban.toml'), OWN);
  await symlink('/nonexistent', join(folder, 'tailban.d/a.toml'));
  const { socket, said } = await lookIn(folder);
  assert.equal(socket, '/run/own.sock');
  assert.match(said, /^tailban\.d\/a\.toml: .*it is a link that leads to nothing/);
});

test('a configuration that is not there is told', async (t) => {
  const { socket, said } = await lookIn(await temporaryFolder(t));
  assert.equal(socket, DEFAULT_SOCKET);
  assert.match(said, /^tailban\.toml: .*there is no such file/);
});
