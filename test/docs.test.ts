/** What is made from the code is up to date, and what stands in it is all that there is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generated } from '../docs/generated.ts';
import { argument, list, markdown } from '../docs/man/mdoc.ts';

for (const [path, text] of generated()) {
  test(`${path} is what npm run docs writes`, () => {
    assert.equal(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'), text);
  });
}

test('no text of ours is taken for a request or an escape of roff', () => {
  assert.equal(
    markdown(".It's `\\d+` and -x.\n\n- One. **Two** words.\n- [Three](x).\n"),
    [
      "\\&.It's \\fB\\%\\ed+\\fP and \\-x.",
      '.Bl -bullet',
      '.It',
      'One.',
      '\\fITwo\\fP words.',
      '.It',
      'Three.',
      '.El',
      '',
    ].join('\n'),
  );
  assert.equal(argument('say "no"'), '"say \\(dqno\\(dq"');
  assert.equal(list([]), '');
});
