/** What tailban reads of requests out of the access logs of real servers is what their clients asked and were answered. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { corpusFolders, readCorpus } from '../../scripts/score/corpus.ts';
import type { Event } from '../../src/core/types.ts';
import { filters } from '../filter/reading.ts';

const compiled = filters.map((filter) => filter.compiled);
const withRequests = corpusFolders(join(import.meta.dirname, '../corpus'))
  .filter((folder) => readFileSync(join(folder, 'truth.jsonl'), 'utf8').includes('"requests":'))
  .map((folder) => readCorpus(folder, compiled));
const OWN_FORMAT = ['nginx-1.22-requests', 'apache-2.4-requests', 'nginx-1.22-behind-haproxy'];

test('there are access logs of all servers', () => {
  const names = withRequests.map(({ name }) => name).join(' ');
  for (const server of ['nginx', 'apache', 'haproxy']) assert.ok(names.includes(server), server);
});

for (const { name, scenarios, events } of withRequests) {
  const requestsOf = (ip: string): Event[] => events.filter((event) => event.ip === ip && event.request !== undefined);

  test(`${name}: each request is told once, with method, path, status, login and the address of its client`, () => {
    for (const { scenario, ip, requests = [] } of scenarios) {
      const read = requestsOf(ip).map(
        ({ request, login }) => `${request?.method} ${request?.path} ${request?.status} ${login}`,
      );
      const asked = requests.map(({ method, path, status, login }) => `${method} ${path} ${status} ${login}`);
      // HTTP/2 and several processes of a server may finish in another order; a long path is kept in part.
      assert.deepEqual(read.map(shortened).toSorted(), asked.map(shortened).toSorted(), scenario);
    }
  });

  test(`${name}: a request takes as long as its client took to send it`, () => {
    const slow = scenarios.flatMap(({ ip, requests = [] }) =>
      requests.flatMap(({ lasts }) => (lasts > 0 ? { ip, lasts } : [])),
    );
    assert.ok(slow.length > 0);
    for (const { ip, lasts } of slow) {
      const [took] = requestsOf(ip).map(({ request }) => request?.duration ?? -1);
      assert.ok(took !== undefined && took >= lasts - 5 && took < lasts + 2_000, `${took} ms instead of ${lasts}`);
    }
  });

  test(`${name}: credentials are told from none wherever the log tells of them`, () => {
    for (const { scenario, ip, requests = [] } of scenarios) {
      for (const [index, { request }] of requestsOf(ip).entries()) {
        const told = request?.credentials;
        if (told === null) assert.ok(!OWN_FORMAT.includes(name), scenario);
        else assert.equal(told, requests[index]?.credentials, scenario);
      }
    }
  });

  test(`${name}: every request has a duration, and an id of its own where the format has one`, () => {
    const told = events.flatMap(({ request }) => request ?? []);
    for (const { duration } of told) assert.ok(duration !== null && duration >= 0 && duration < 5_000);
    const ids = told.flatMap(({ id }) => id ?? []);
    assert.equal(new Set(ids).size, OWN_FORMAT.includes(name) ? told.length : 0);
  });
}

function shortened(text: string): string {
  return text.replace(/(\S{200})\S+/g, '$1');
}
