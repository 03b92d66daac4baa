/** Writes the documentation that is made from the code: `node docs/generate.ts`. A test fails while it is out of date. */
import { writeFileSync } from 'node:fs';
import { renderReference } from '../src/config/reference.ts';

writeFileSync(new URL('configuration.md', import.meta.url), renderReference());
