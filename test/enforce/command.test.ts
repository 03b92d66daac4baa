/** Running programs: exit codes are results, everything else an error with the command and what it said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandRunner, isMissing } from '../../src/enforce/command.ts';
import { EnforceError } from '../../src/errors.ts';

const node = (code: string) => [process.execPath, '-e', code] as const;

test('input reaches the program, and its exit code, output and complaints come back', async () => {
  const code = 'process.stdin.on("data", (d) => process.stdout.write(d)).on("end", () => { process.exitCode = 3 });';
  const outcome = await commandRunner()(node(`${code} process.stderr.write("oh")`), 'hello');
  assert.deepEqual(outcome, { exitCode: 3, stdout: 'hello', stderr: 'oh' });
});

test('arguments are taken as they are, no shell reads them', async () => {
  const argv = [process.execPath, '-p', 'process.argv.slice(1).join("|")', '$(id); `id`', '*', '> x'] as const;
  assert.equal((await commandRunner()(argv)).stdout, '$(id); `id`|*|> x');
});

test('a program that does not read its input is judged by its exit code alone', async () => {
  const outcome = await commandRunner()(node('process.exit(1)'), 'x'.repeat(4_000_000));
  assert.equal(outcome.exitCode, 1);
});

test('a program that is missing is an error that can be told from others', async () => {
  const error = await failure(commandRunner()(['tailban-test-no-such-program']));
  assert.equal(error.message, 'Cannot run tailban-test-no-such-program: no such program was found');
  assert.ok(isMissing(error));
  assert.ok(!isMissing(await failure(commandRunner()(['/etc/passwd']))));
});

test('a program that hangs is killed after the timeout, even where it ignores SIGTERM', {
  timeout: 10_000,
}, async () => {
  const code = 'process.on("SIGTERM", () => {}); process.stderr.write("busy"); setInterval(() => {}, 1000)';
  const error = await failure(commandRunner({ timeout: 400 })(node(code)));
  assert.match(error.message, /did not answer within 400 ms and was killed/);
  assert.equal(error.stderr, 'busy');
  assert.deepEqual(error.argv, node(code));
  assert.ok(error.cause instanceof Error);
});

test('a hanging program with a child that keeps its output open does not hang us', { timeout: 10_000 }, async () => {
  for (const detached of [false, true]) {
    const child = `spawn("sleep", ["5"], { stdio: "inherit", detached: ${detached} }); setInterval(() => {}, 1000)`;
    const start = performance.now();
    const error = await failure(commandRunner({ timeout: 400 })(node(`require("child_process").${child}`)));
    assert.match(error.message, /did not answer within 400 ms/);
    assert.ok(performance.now() - start < 4_000);
  }
});

test('a program that ends and leaves a child with its output open is judged by its exit code', async () => {
  const child = 'spawn("sleep", ["5"], { stdio: "inherit", detached: true }).unref(); console.log("done")';
  const start = performance.now();
  const outcome = await commandRunner()(node(`require("child_process").${child}`));
  assert.deepEqual(outcome, { exitCode: 0, stdout: 'done', stderr: '' });
  assert.ok(performance.now() - start < 4_000);
});

test('a program that a signal ends is an error that names the signal', async () => {
  const error = await failure(commandRunner()(node('process.kill(process.pid, "SIGKILL")')));
  assert.match(error.message, /it was killed by SIGKILL/);
});

test('the prefix comes before every command', async () => {
  const run = commandRunner({ prefix: ['env', 'TAILBAN_TEST=yes'] });
  assert.equal((await run(node('process.stdout.write(process.env.TAILBAN_TEST)'))).stdout, 'yes');
});

async function failure(promise: Promise<unknown>): Promise<EnforceError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof EnforceError);
    return error;
  }
  throw new assert.AssertionError({ message: 'The command should have failed' });
}
