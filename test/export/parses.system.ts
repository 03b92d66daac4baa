/** Whatever the configuration is, each server takes what is exported for it, by its own test. Needs root. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../src/config/load.ts';
import { commandRunner } from '../../src/enforce/command.ts';
import { ConfigErrors } from '../../src/errors.ts';
import { dovecot } from '../../src/export/dovecot.ts';
import { haproxyFrontend, haproxyTables } from '../../src/export/haproxy.ts';
import { nginxHttp, nginxServer } from '../../src/export/nginx.ts';
import { nginxGateHttp, nginxGateLocation, nginxGateServer } from '../../src/export/nginx-gate.ts';
import { postfixMain } from '../../src/export/postfix.ts';
import type { ExportSettings } from '../../src/export/settings.ts';
import { haproxyConfig, nginxConfig } from './http-lab.ts';
import { settings } from './random-settings.ts';

const RUNS = 30;
const run = commandRunner();
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailban-export-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** The server's own test of a configuration finds no fault, and nothing to complain of. */
async function passes(argv: readonly [string, ...string[]], complaint: RegExp): Promise<void> {
  const { exitCode, stdout, stderr } = await run(argv);
  const said = stdout + stderr;
  assert.equal(exitCode, 0, said);
  assert.doesNotMatch(said, complaint);
}

function isConfig(gate: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(gate).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  try {
    parseConfig(`[http.gate]\n${entries.join('')}`, 'tailban.toml');
    return true;
  } catch (error) {
    if (error instanceof ConfigErrors) return false;
    throw error;
  }
}

function holdsForAll(check: (settings: ExportSettings) => Promise<void>): Promise<void> {
  return fc.assert(fc.asyncProperty(settings, check), { numRuns: RUNS, endOnFailure: true });
}

test('nginx -t takes everything that is exported', async () => {
  const path = join(folder, 'nginx.conf');
  await holdsForAll(async (some) => {
    await writeFile(path, nginxConfig(folder, nginxHttp(some, '0'), nginxServer(some, '0')));
    await passes(['nginx', '-t', '-c', path], /\[(?:warn|error|emerg|alert)\]/);
  });
});

test('nginx -t takes whatever key, header and place of the gate a configuration can have', async () => {
  const path = join(folder, 'nginx-gate.conf');
  const signs = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
  const allowed = signs.filter((sign) => isConfig({ key: `${sign.repeat(2)}-of-the-gate-${sign}` }));
  const gates = fc.record({
    address: fc.constantFrom('127.0.0.1:4002', '[::1]:4002', 'unix:/run/tailban/http_gate-1.sock'),
    key: fc.shuffledSubarray(allowed, { minLength: 8 }).map((some) => some.join('')),
    accountHeader: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/),
  });
  await fc.assert(
    fc.asyncProperty(gates, async (gate) => {
      assert.ok(isConfig({ listen: gate.address, key: gate.key, 'account-header': gate.accountHeader }), gate.key);
      const server = nginxGateServer(gate, '0').replace('/var/log/nginx', folder);
      const guarded = `location /jmap {\n${nginxGateLocation('0')}}\n`;
      await writeFile(path, nginxConfig(folder, nginxGateHttp('0'), server + guarded));
      await passes(['nginx', '-t', '-c', path], /\[(?:warn|error|emerg|alert)\]/);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});

test('haproxy -c takes everything that is exported', async () => {
  const path = join(folder, 'haproxy.cfg');
  await holdsForAll(async (some) => {
    await writeFile(path, haproxyConfig(haproxyTables(some, '0'), haproxyFrontend(some, '0')));
    await passes(['haproxy', '-c', '-f', path], /WARNING|ALERT/);
  });
});

test('postconf takes everything that is exported', async () => {
  await holdsForAll(async (some) => {
    await writeFile(
      join(folder, 'main.cf'),
      `compatibility_level = 3.6\nmyhostname = mx1.example.org\n${postfixMain(some, '0')}`,
    );
    await writeFile(join(folder, 'master.cf'), '');
    // Postfix waits until a file that it reads is older than two seconds.
    await utimes(join(folder, 'main.cf'), 0, 0);
    await passes(['postconf', '-c', folder, '-n', '-x'], /warning|error|fatal/);
  });
});

test('doveconf -n takes everything that is exported, also the lines that are left to the admin', async () => {
  const path = join(folder, 'dovecot.conf');
  await holdsForAll(async (some) => {
    const text = dovecot(some, '0');
    for (const each of [text, text.replace(/^# (?=\w+_networks = )/gm, '')]) {
      await writeFile(path, each);
      await passes(['doveconf', '-n', '-c', path], /Error|Fatal|Warning/);
    }
  });
});
