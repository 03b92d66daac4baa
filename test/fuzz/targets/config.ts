/** Damaged configurations, alone and with drop-ins: the documented ones, the packages' own, and pieces of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTemplate } from '../../../src/config/template.ts';
import { survives } from '../../config/survives.ts';
import { mutate } from '../mutate.ts';
import type { Target } from '../target.ts';

const ROOT = join(import.meta.dirname, '../../..');

export const config: Target = {
  inputs: 'configurations',
  open: (random) => {
    const known = samples();
    let fed: string[] = [];
    return {
      step: () => {
        const one = (): string => mutate(random.pick(known), random.pick(known), random);
        const dropIns = Array.from({ length: random.chance(0.8) ? 0 : 1 + random.below(3) }, one);
        const main = one();
        fed = [main, ...dropIns];
        survives(main, dropIns);
        return 1;
      },
      last: () => fed.map((text) => JSON.stringify(text)).join('\n'),
    };
  },
};

/** The sections of the template, with and without its comments, and every piece of TOML in the documentation. */
function samples(): string[] {
  const sections = renderTemplate().split(/\n(?=#[^\n]*\n#?\[)/);
  const open = sections.map((section) => section.replaceAll(/^#(?=[[a-z"])/gm, ''));
  const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  const documented = [...pages.map((name) => join('docs', name)), 'README.md'].flatMap((name) =>
    [...readFileSync(join(ROOT, name), 'utf8').matchAll(/```toml\n(.*?)```/gs)].map(([, text = '']) => text),
  );
  return [...open, ...sections.slice(0, 3), ...documented, open.slice(0, 6).join('\n')];
}
