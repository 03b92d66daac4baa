/** The gates of a configuration: they ask the guard, and while tailban is switched off they let everybody in. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { Gates } from '../../src/daemon/gates.ts';
import { refusesLogins } from '../../src/daemon/rules.ts';
import { createLogger } from '../../src/log.ts';
import { keeper, LOCKED } from '../gate/keeping.ts';
import { freePort } from '../support/free-port.ts';

const log = createLogger({
  level: 'error',
  format: 'json',
  terminal: false,
  destination: new Writable({ write: (_chunk, _encoding, done) => done() }),
});

for (const [enabled, status] of [
  [true, -1],
  [false, 0],
] as const) {
  test(`a locked login is ${enabled ? 'refused' : 'let in, while tailban is switched off'}`, async (t) => {
    const port = await freePort();
    const text = `server.fail2ban.enabled = ${enabled}\n[dovecot.auth-policy]\nlisten = "127.0.0.1:${port}"`;
    const { config } = parseConfig(text, 'tailban.toml');
    const reports: unknown[] = [];
    const gates = new Gates(log, Date.now);
    await gates.start(config, {
      ...keeper(),
      refused: () => {},
      admit: () => ({ type: 'admit', rate: null }),
      ended: () => false,
      reported: (report) => void reports.push(report),
    });
    t.after(() => gates.stop());
    assert.equal(refusesLogins(config), enabled);
    const body = { login: LOCKED, remote: '192.0.2.1', success: false, policy_reject: false };
    const ask = async (command: string): Promise<unknown> =>
      (
        await fetch(`http://127.0.0.1:${port}/?command=${command}`, { method: 'POST', body: JSON.stringify(body) })
      ).json();
    assert.deepEqual(await ask('allow'), { status, msg: enabled ? 'Too many failed logins, try again later' : '' });
    assert.deepEqual(await ask('report'), { status: 0, msg: '' });
    assert.equal(reports.length, 1);
  });
}
