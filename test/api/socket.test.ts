import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ApiClient, ApiError } from '../../src/api/client.ts';
import { fakeControl } from './fake-control.ts';
import { serve, temporaryFolder } from './serving.ts';

const CLIENT = join(import.meta.dirname, '../../src/api/client.ts');

test('the folder of the socket is made, and the socket is for user and group alone', async (t) => {
  const socketPath = join(await temporaryFolder(t), 'run', 'deep', 'tailban.sock');
  await serve(t, fakeControl(), { socketPath });
  assert.equal((await stat(socketPath)).mode & 0o777, 0o660);
  assert.equal((await stat(dirname(socketPath))).mode & 0o777, 0o755);
});

test('the socket goes to the group where there is one of that name', async (t) => {
  const folder = await temporaryFolder(t);
  const groupFile = join(folder, 'group');
  // Our own group, since only root can give files to others.
  const gid = process.getgid?.() === 0 && process.getuid?.() === 0 ? 4242 : process.getgid?.();
  await writeFile(groupFile, `root:x:0:\nmail:x:8:\nbroken\nguards:x:${gid}:alice,bob\n`);
  const { socketPath, logged } = await serve(t, fakeControl(), { group: 'guards', groupFile });
  assert.equal((await stat(socketPath)).gid, gid);
  assert.deepEqual(logged, []);
});

test('without such a group, or without any list of groups, the socket stays with the user', async (t) => {
  const folder = await temporaryFolder(t);
  for (const groupFile of [join(folder, 'missing'), '/etc/group']) {
    const { socketPath, logged } = await serve(t, fakeControl(), { group: 'no-such-group', groupFile });
    assert.equal((await stat(socketPath)).gid, process.getgid?.());
    assert.deepEqual(logged, []);
  }
});

test('a socket that nobody answers is replaced', async (t) => {
  const socketPath = join(await temporaryFolder(t), 'tailban.sock');
  await leaveStaleSocket(socketPath);
  assert.ok((await stat(socketPath)).isSocket());
  await assert.rejects(new ApiClient({ socketPath }).status(), { problem: 'unavailable' });
  await serve(t, fakeControl(), { socketPath });
  assert.equal((await new ApiClient({ socketPath }).status()).version, '1.2.3');
});

test('a socket that another daemon answers is an error, and that daemon keeps it', async (t) => {
  const { socketPath } = await serve(t, fakeControl());
  await assert.rejects(serve(t, fakeControl(), { socketPath }), {
    name: 'SocketError',
    message: /another tailban answers there/,
  });
  assert.equal((await new ApiClient({ socketPath }).status()).version, '1.2.3');
});

test('a file that is no socket is never removed', async (t) => {
  const socketPath = join(await temporaryFolder(t), 'tailban.sock');
  await writeFile(socketPath, 'precious');
  await assert.rejects(serve(t, fakeControl(), { socketPath }), { name: 'SocketError', message: /it is no socket/ });
  assert.ok((await stat(socketPath)).isFile());
});

test('a path that is longer than the system takes is an error that says so', async (t) => {
  const socketPath = join(await temporaryFolder(t), 'x'.repeat(100));
  await assert.rejects(serve(t, fakeControl(), { socketPath }), { message: /at most 107 are possible/ });
});

test('a folder that cannot be made is an error with its cause', async (t) => {
  const file = join(await temporaryFolder(t), 'file');
  await writeFile(file, '');
  await assert.rejects(serve(t, fakeControl(), { socketPath: join(file, 'tailban.sock') }), (error: Error) => {
    assert.equal(error.name, 'SocketError');
    assert.ok(error.cause instanceof Error);
    return true;
  });
});

test('the socket is gone when the server has closed', async (t) => {
  const { socketPath, server } = await serve(t, fakeControl());
  await server.close();
  await assert.rejects(stat(socketPath), { code: 'ENOENT' });
  await assert.rejects(new ApiClient({ socketPath }).status(), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.problem, 'unavailable');
    assert.match(error.message, /tailban is not running: there is no socket/);
    assert.equal(error.hint, 'systemctl start tailban, or: tailban run');
    return true;
  });
});

test('a daemon that is silent, breaks off or talks nonsense is told apart', async (t) => {
  const folder = await temporaryFolder(t);
  const cases = [
    ['silent', '', { problem: 'unavailable', message: /has not answered for 0.2 seconds/ }],
    ['gone', null, { problem: 'unavailable', message: /The connection to the daemon .* failed/ }],
    ['nonsense', 'SSH-2.0-OpenSSH\r\n', { problem: 'unavailable', message: /failed/ }],
    ['half', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"now":', { problem: 'unavailable' }],
    ['html', 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>', { problem: 'failed', message: /<html>/ }],
    ['odd', 'HTTP/1.1 502 Bad\r\ncontent-length: 2\r\n\r\n[]', { problem: 'failed', message: /status 502/ }],
  ] as const;
  for (const [name, answer, expected] of cases) {
    const socketPath = join(folder, name);
    const server = createServer((socket) => {
      socket.on('error', () => {});
      if (answer === null) socket.destroy();
      else if (name === 'half') socket.end(answer);
      else socket.write(answer);
      t.after(() => socket.destroy());
    });
    server.listen(socketPath);
    await once(server, 'listening');
    t.after(() => server.close());
    await assert.rejects(new ApiClient({ socketPath, timeout: 200 }).status(), expected, name);
  }
});

test('a user without the right to the socket is told how to get it', async (t) => {
  const { socketPath } = await serve(t, fakeControl());
  await chmod(socketPath, 0o000);
  // Root may do everything, so root becomes nobody first.
  const code = `
    const { ApiClient } = await import(${JSON.stringify(CLIENT)});
    if (process.getuid() === 0) process.setuid(65534);
    const problem = await new ApiClient({ socketPath: ${JSON.stringify(socketPath)} }).status().catch((error) => error);
    process.stdout.write(JSON.stringify([problem.problem, problem.hint]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  assert.deepEqual(JSON.parse(stdout), ['forbidden', 'Use sudo, or join the group: usermod -aG tailban USER']);
});

/** What a daemon leaves that was killed: a socket in the file system, and nobody behind it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', code]), 'exit');
}
