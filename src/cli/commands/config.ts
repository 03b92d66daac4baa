/** `tailban config`: the configuration in force, as commented TOML; from the daemon, or worked out where none runs. */
import { ApiError } from '../../api/client.ts';
import { DISK } from '../../config/files.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { connect, type Invocation } from '../invocation.ts';
import { configPath } from '../places.ts';

export async function config(invocation: Invocation): Promise<ExitCode> {
  const { terminal, globals } = invocation;
  await terminal.write(globals.config === undefined ? await effective(invocation) : await computed(globals.config));
  return EXIT.ok;
}

async function effective(invocation: Invocation): Promise<string> {
  try {
    return await (await connect(invocation)).config();
  } catch (error) {
    const { terminal, globals } = invocation;
    const isDown = error instanceof ApiError && error.problem === 'unavailable';
    // Whoever names a socket wants to hear from that daemon.
    if (!isDown || globals.socket !== undefined) throw error;
    const path = configPath(undefined);
    terminal.note(`note: tailban is not running; this is what ${path ?? 'the defaults'} would put in force`);
    return computed(path);
  }
}

async function computed(path: string | null): Promise<string> {
  const [{ loadConfig }, { renderConfig }] = await Promise.all([
    import('../../config/load.ts'),
    import('../../config/render.ts'),
  ]);
  const { config: loaded, files } = await loadConfig(path, DISK);
  return renderConfig(loaded, files);
}
