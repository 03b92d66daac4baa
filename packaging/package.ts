/**
 * `npm run package`: a Debian package and a tarball for each architecture, in `packages/`. The same sources make the same
 * bytes, on whatever host; their time is that of the last commit, or SOURCE_DATE_EPOCH where that is set
 * (https://reproducible-builds.org/specs/source-date-epoch/).
 *
 *     npm run package -- --arch amd64 --folder /tmp/packages
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { ROOT } from './build.ts';
import { buildProgram } from './contents.ts';
import { debianPackage } from './debian.ts';
import { ARCHITECTURES, type Architecture, runtimeFor } from './runtime.ts';
import { tarball } from './tarball.ts';

const { values } = parseArgs({
  options: {
    form: { type: 'string', multiple: true, default: ['deb', 'tar'] },
    arch: { type: 'string', multiple: true, default: Object.keys(ARCHITECTURES) },
    folder: { type: 'string', default: join(ROOT, 'packages') },
    version: { type: 'string', default: packageJson.version },
    quick: { type: 'boolean', default: false },
  },
});

const scratch = mkdtempSync(join(tmpdir(), 'tailban-package-'));
try {
  const program = await buildProgram(join(scratch, 'dist'));
  for (const name of values.arch) {
    if (!isArchitecture(name)) throw new Error(`There is no ${name}, only ${Object.keys(ARCHITECTURES).join(' and ')}`);
    const options = {
      program,
      runtime: runtimeFor(name),
      version: values.version,
      architecture: name,
      folder: resolve(values.folder),
      scratch,
      seconds: sourceTime(),
      quick: values.quick,
    };
    if (values.form.includes('deb')) console.log(debianPackage(options));
    if (values.form.includes('tar')) console.log(tarball(options));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function isArchitecture(name: string): name is Architecture {
  return Object.hasOwn(ARCHITECTURES, name);
}

function sourceTime(): number {
  const said = process.env['SOURCE_DATE_EPOCH'];
  const text = said ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim();
  if (!/^\d{1,11}$/.test(text)) throw new Error(`SOURCE_DATE_EPOCH is "${text}", expected seconds since 1970`);
  return Number(text);
}
