/** A served control in a directory of its own, which is gone after the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Control } from '../../src/api/contract.ts';
import { type ApiOptions, type ApiServer, serveApi } from '../../src/api/server.ts';

export interface Served {
  readonly socketPath: string;
  readonly server: ApiServer;
  /** What the server logged. */
  readonly logged: string[];
}

export async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tailban-test-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function serve(
  context: TestContext,
  control: Control,
  options: Partial<Pick<ApiOptions, 'socketPath' | 'group' | 'groupFile' | 'metrics'>> = {},
): Promise<Served> {
  const logged: string[] = [];
  const log = {
    warn: (_details: object, message: string) => void logged.push(`warn: ${message}`),
    error: (_details: object, message: string) => void logged.push(`error: ${message}`),
  };
  const socketPath = options.socketPath ?? join(await temporaryFolder(context), 'tailban.sock');
  const server = await serveApi(control, { ...options, socketPath, log });
  context.after(() => server.close());
  return { socketPath, server, logged };
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** A request as a program other than ours would make it. */
export function ask(socketPath: string, method: string, path: string, body?: string | Buffer): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const call = request({ socketPath, method, path, agent: false }, (response) => {
    const pieces: Buffer[] = [];
    response.on('data', (piece: Buffer) => pieces.push(piece));
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        type: response.headers['content-type'] ?? '',
        text: Buffer.concat(pieces).toString('utf8'),
      }),
    );
    response.on('error', reject);
  });
  call.on('error', reject);
  call.end(body);
  return promise;
}
