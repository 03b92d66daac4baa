/**
 * Bundles the program into `dist/`: one small file per command, so that a command starts without reading the others, and
 * the daemon with all that it needs. `dist/main.js` finds `filters/` one folder above. Run by `npm run build`.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');

await rm(DIST, { recursive: true, force: true });
await build({
  absWorkingDir: ROOT,
  entryPoints: ['src/cli/main.ts'],
  outdir: DIST,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  chunkNames: 'parts/[name]-[hash]',
  legalComments: 'eof',
  logLevel: 'warning',
  // Some dependencies are CommonJS and require modules of Node, which an ES module cannot do by itself.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
});
