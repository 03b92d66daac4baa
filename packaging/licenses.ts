/** The licences of what is bundled: their texts have to go with every copy. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './build.ts';

/** @param inputs the files that were bundled, relative to the root */
export function thirdPartyLicenses(inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
    return `${name} ${version} (${license})\n\n${licenseText(join(ROOT, folder), String(license))}`;
  });
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}

function licenseText(folder: string, license: string): string {
  const file = readdirSync(folder).find((name) => /^(?:licen[cs]e|copying)/i.test(name));
  return file === undefined ? `See the text of ${license}.\n` : `${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
