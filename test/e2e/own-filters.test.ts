/** A filter that an admin writes while the daemon runs: it is picked up by a reload, and a broken one changes nothing. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type SmallHost, smallHost, untilStatus } from '../support/small-host.ts';

const CONFIG = `[server.fail2ban]\nauthentication = "2/1h"\nlogin = "off"\n[source.mail]\nfiles = ["FOLDER/mail.log"]\n`;

const FILTER = `name = "turnstile"
programs = ["turnstile"]

[[pattern]]
name = "refused"
kind = "authentication"
pattern = '''refused <login> at gate <number> from <ip>'''
samples = [
  { line = 'Nov 22 08:47:25 mx1 turnstile[7]: refused bob at gate 3 from 192.0.2.1', ip = '192.0.2.1', login = 'bob' },
]
`;

async function refuse(host: SmallHost, ip: string, times: number): Promise<void> {
  const stamp = new Date().toISOString();
  for (let i = 0; i < times; i++)
    await appendFile(host.path('mail.log'), `${stamp} mx1 turnstile[7]: refused bob at gate ${i} from ${ip}\n`);
}

test('a new filter reads lines of a new program after a reload, and a broken one leaves the running ones as they are', async (t) => {
  const host = await smallHost(CONFIG);
  t.after(() => host.remove());
  await host.write('mail.log');
  const folder = host.path('filters');
  const args = ['--filters', folder];
  const daemon = await host.start({ args });
  await refuse(host, '198.51.100.50', 2);
  await mkdir(folder);
  await writeFile(host.path('filters/turnstile.toml'), FILTER);
  const reload = await host.command('reload');
  assert.equal(reload.code, 0, reload.stderr);
  assert.match(reload.stdout, /filters/);
  await refuse(host, '198.51.100.51', 2);
  await untilStatus(daemon, 'a ban by the new filter', ({ bans }) => bans.active === 1);
  const { bans } = await daemon.api.bans(true);
  assert.deepEqual(
    bans.map(({ subject }) => subject),
    ['198.51.100.51'],
  );

  await writeFile(host.path('filters/turnstile.toml'), FILTER.replace(' from <ip>', ' <any>\\[<ip>\\]<any>'));
  const refused = await host.command('reload');
  assert.equal(refused.code, 78);
  assert.match(
    refused.stderr,
    /turnstile\.toml:7:\d+: .*not safe: a line can have its address in two places.*\n {2}7 \| pattern = /,
  );
  await refuse(host, '198.51.100.52', 2);
  await untilStatus(daemon, 'a ban by the filter as it was', (status) => status.bans.active === 2);

  await daemon.stop();
  const broken = host.launch({ args });
  assert.equal(await broken.ended(), 78);
  assert.match(broken.output(), /turnstile\.toml:7:\d+: Cannot use this filter/);
  await writeFile(host.path('filters/turnstile.toml'), FILTER);
  const again = await host.start({ args });
  await again.says(/own filter turnstile: .*filters\/turnstile\.toml/);
});
