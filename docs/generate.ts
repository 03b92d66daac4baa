/** Writes what is made from the code, documents and files of the packages: `npm run docs`. A test fails while one is out of date. */
import { writeFileSync } from 'node:fs';
import { generated } from './generated.ts';

for (const [path, text] of generated()) writeFileSync(new URL(`../${path}`, import.meta.url), text);
