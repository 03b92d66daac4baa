/** `tailban flush` without touching any firewall: what it does there is shown by the test of the packages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeControl } from '../api/fake-control.ts';
import { serve } from '../api/serving.ts';
import { tailban } from './tailban.ts';

test('flush refuses while a daemon runs, which would put everything back', async (t) => {
  const { socketPath } = await serve(t, fakeControl());
  const { code, stderr } = await tailban(['flush', '--socket', socketPath]);
  assert.equal(code, 1);
  assert.match(stderr, /^tailban: tailban is running, and would put everything back\nhint: systemctl stop tailban/);
});
