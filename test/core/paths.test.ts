import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { servedPath } from '../../src/core/paths.ts';

const LONGEST = 1_000;

test('a path is what the server looks up, without its query and with nothing hidden in it', () => {
  const table = [
    ['/', '/'],
    ['', '/'],
    ['/mail/?next=/admin', '/mail/'],
    ['/SOGo/so/alice/Mail#top', '/SOGo/so/alice/Mail'],
    ['http://mx1.example.org/jmap/', '/jmap/'],
    ['//jmap/', '/jmap/'],
    ['/x/../jmap/./', '/jmap/'],
    ['/../jmap', '/jmap'],
    ['/%6a%6D%61p/', '/jmap/'],
    ['/.well-known/jmap', '/.well-known/jmap'],
    ['/a..b/c.', '/a..b/c.'],
    ['*', '*'],
  ] as const;
  for (const [target, path] of table) assert.equal(servedPath(target, LONGEST), path, target);
  assert.equal(servedPath(`/${'a'.repeat(2_000)}`, 5), '/aaaa');
});

test('a path that stands for itself is taken as it is, like the same path with something to resolve', () => {
  const segment = fc.stringMatching(/^[\w.%-]{1,12}$/);
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), fc.boolean(), (segments, isFolder) => {
      const path = `/${segments.join('/')}${isFolder && segments.length > 0 ? '/' : ''}`;
      assert.equal(servedPath(path, LONGEST), servedPath(`/.${path}`, LONGEST));
    }),
  );
});
