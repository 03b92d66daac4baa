/**
 * Bundles the program into `dist/`: one small file per command, so that a command starts without reading the others, and
 * the daemon with all that it needs. `dist/main.js` finds `filters/` one folder above. Run by `npm run build`.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

export const ROOT = join(import.meta.dirname, '..');

/** Bundles into a folder, which is emptied first; gives the source files that went into it, relative to the root. */
export async function bundle(folder: string): Promise<readonly string[]> {
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [
      { in: 'src/cli/main.ts', out: 'main' },
      // A program of its own, which the doctor starts from beside its code.
      { in: 'src/doctor/rehearsal-peer.ts', out: 'parts/rehearsal-peer' },
    ],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    chunkNames: 'parts/[name]-[hash]',
    legalComments: 'eof',
    logLevel: 'warning',
    metafile: true,
    // Some dependencies are CommonJS and require modules of Node, which an ES module cannot do by itself.
    banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  });
  return Object.keys(metafile.inputs);
}

if (import.meta.main) await bundle(join(ROOT, 'dist'));
