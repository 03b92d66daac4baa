/** What every package holds, whatever its form: the program with its runtime and filters, and what is read about it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTemplate } from '../src/config/template.ts';
import { bundle, ROOT } from './build.ts';
import { thirdPartyLicenses } from './licenses.ts';
import type { Runtime } from './runtime.ts';
import { copiesOf, type Entry, EXECUTABLE } from './tree.ts';

/** The same for all architectures. */
export interface Program {
  readonly bundle: string;
  readonly licenses: string;
}

/** @param folder where the bundle is put */
export async function buildProgram(folder: string): Promise<Program> {
  return { bundle: folder, licenses: thirdPartyLicenses(await bundle(folder)) };
}

/** The folder that the launcher lies in `bin/` of: all that runs. */
export function libraryEntries({ bundle }: Program, runtime: Runtime, under: string): Entry[] {
  return [
    { path: join(under, 'bin/tailban'), copyOf: join(ROOT, 'bin/tailban'), mode: EXECUTABLE },
    ...copiesOf(bundle, join(under, 'dist')),
    ...copiesOf(join(ROOT, 'filters'), join(under, 'filters')),
    {
      path: join(under, 'node_modules', runtime.name, 'bin/node'),
      copyOf: join(runtime.folder, 'bin/node'),
      mode: EXECUTABLE,
    },
    // Where the configuration is made from, and told apart from one that an admin has changed.
    { path: join(under, 'tailban.toml'), text: renderTemplate() },
  ];
}

export function documentEntries({ licenses }: Program, runtime: Runtime, under: string): Entry[] {
  const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return [
    { path: join(under, 'README.md'), copyOf: join(ROOT, 'README.md') },
    ...pages.map((name) => ({ path: join(under, name), copyOf: join(ROOT, 'docs', name) })),
    { path: join(under, 'copyright'), text: copyright(licenses, runtime) },
  ];
}

/** Manual pages, completions and the script for HAProxy lie ready-made in folders of this one. */
export function sharedEntries(under: string): Entry[] {
  return SHARED.flatMap(([from, name, to]) => {
    const folder = join(import.meta.dirname, from);
    if (!existsSync(folder)) return [];
    const files = readdirSync(folder).filter((file) => name.test(file));
    return files.map((file) => ({ path: join(under, to(file)), copyOf: join(folder, file) }));
  });
}

const SHARED: readonly (readonly [string, RegExp, (file: string) => string])[] = [
  ['man', /\.\d$/, (file) => `man/man${file.slice(-1)}/${file}`],
  ['completions', /bash$/, () => 'bash-completion/completions/tailban'],
  ['completions', /zsh$|^_/, () => 'zsh/vendor-completions/_tailban'],
  ['completions', /fish$/, () => 'fish/vendor_completions.d/tailban.fish'],
  ['haproxy', /\.lua$/, (file) => `tailban/haproxy/${file}`],
];

function copyright(licenses: string, runtime: Runtime): string {
  const line = '='.repeat(80);
  const own = readFileSync(join(ROOT, 'LICENSE'), 'utf8').trim();
  const node = readFileSync(join(runtime.folder, 'LICENSE'), 'utf8').trim();
  return `tailban\n\n${own}\n\n${line}\nBundled with it\n\n${licenses}\n${line}\nThe runtime, Node.js\n\n${node}\n`;
}
