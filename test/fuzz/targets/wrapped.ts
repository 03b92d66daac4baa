/** Damaged lines inside what carries them: entries of journalctl, JSON of Docker, CRI, and Stalwart's webhook. */
import assert from 'node:assert/strict';
import { fieldText } from '../../../src/filter/journal-fields.ts';
import { JournalCutter } from '../../../src/source/journal-lines.ts';
import { cursorOf } from '../../../src/source/journalctl.ts';
import { readWebhook } from '../../../src/source/webhook-lines.ts';
import { NOON } from '../../filter/reading.ts';
import type { Random } from '../../support/random.ts';
import { mutate, mutateJson, oneLine } from '../mutate.ts';
import { journalLines, logLines, Pool } from '../pool.ts';
import type { Target } from '../target.ts';
import { Chain } from './chain.ts';

const MOST_LINES = 20;
const LONGEST_ENTRY = 1024 * 1024;

export const journal: Target = {
  inputs: 'journal entries',
  open: (random) => {
    const pool = new Pool(journalLines());
    const texts = new Pool(logLines());
    const chain = new Chain('journal');
    const cutter = new JournalCutter(LONGEST_ENTRY);
    let fed: string[] = [];
    return {
      step: () => {
        fed = Array.from({ length: 1 + random.below(MOST_LINES) }, () => oneLine(entry(pool, texts, random)));
        const data = Buffer.from(fed.map((line) => `${line}\n`).join(''), 'latin1');
        const cut = data.length === 0 ? 0 : random.below(data.length);
        const whole = [data.subarray(0, cut), data.subarray(cut)].map((piece) => cutter.add(piece).data);
        assert.deepEqual(Buffer.concat(whole), data, 'what was cut anywhere comes out whole');
        for (const line of fed) assert.ok(cursorOf(line)?.includes('"') !== true);
        chain.read(fed, ({ filter, pattern, as }, line) => pool.reached(`${filter} ${pattern} ${as}`, line), textsIn);
        return fed.length;
      },
      last: () => fed.join('\n'),
      notes: () => `${pool.places} kinds of sightings, ${chain.events} events, ${chain.bans} bans`,
    };
  },
};

export const containers: Target = {
  inputs: 'lines of container logs',
  open: (random) => {
    const pool = new Pool(logLines());
    const chain = new Chain('text');
    let fed: string[] = [];
    return {
      step: () => {
        const wrap = random.chance(0.5) ? docker : cri;
        fed = Array.from({ length: 1 + random.below(MOST_LINES) }, () => oneLine(wrap(pool, random)));
        chain.read(fed, () => {}, textsIn);
        return fed.length;
      },
      last: () => fed.join('\n'),
      notes: () => `${chain.events} events, ${chain.bans} bans`,
    };
  },
};

export const webhook: Target = {
  inputs: 'bodies of webhooks',
  open: (random) => {
    let fed = '';
    return {
      step: () => {
        const body = JSON.stringify(mutateJson(WEBHOOK, random));
        fed = random.chance(0.3) ? mutate(body, body, random) : body;
        for (const { id, line } of readWebhook(Buffer.from(fed, 'latin1'), NOON) ?? []) {
          assert.doesNotMatch(line, /[\x00-\x1f\x7f]/, 'an event is one line');
          assert.ok((id ?? '').length <= 400);
        }
        return 1;
      },
      last: () => fed,
    };
  },
};

const WEBHOOK = {
  events: [
    {
      id: '191283',
      createdAt: '2026-11-22T08:47:25.123Z',
      type: 'auth.failed',
      data: { listenerId: 'imaps', localPort: 993, remoteIp: '192.0.2.7', remotePort: 50123, accountName: 'alice' },
    },
    { id: 2, type: 'security.abuse-ban', data: { remoteIp: '2001:db8::7', reason: 'scan', to: '<bob@example.org>' } },
  ],
};

function entry(pool: Pool, texts: Pool, random: Random): string {
  const known = pool.pick(random);
  if (random.chance(0.2)) return mutate(known, pool.pick(random), random);
  const fields = parsed(known);
  if (fields === null) return mutate(known, pool.pick(random), random);
  const message = texts.pick(random);
  if (random.chance(0.5)) fields['MESSAGE'] = mutate(message, message, random);
  if (random.chance(0.1)) fields['MESSAGE'] = [...Buffer.from(message.slice(0, 300), 'latin1')];
  if (random.chance(0.1))
    Object.assign(fields, { CONTAINER_ID: 'c1', CONTAINER_PARTIAL_MESSAGE: random.pick(['true', 'x', 1]) });
  if (random.chance(0.1))
    Object.assign(fields, { REMOTEIP: random.pick(['192.0.2.9', ['192.0.2.9', 'x'], 7]), ACCOUNTNAME: message });
  return JSON.stringify(mutateJson(fields, random));
}

function docker(pool: Pool, random: Random): string {
  const log = `${random.chance(0.6) ? mutate(pool.pick(random), pool.pick(random), random) : pool.pick(random)}\n`;
  const fields = { log, stream: random.pick(['stdout', 'stderr']), time: '2026-11-22T08:47:25.123456789Z' };
  const text = JSON.stringify(random.chance(0.3) ? mutateJson(fields, random) : fields);
  return random.chance(0.2) ? mutate(text, text, random) : text;
}

function cri(pool: Pool, random: Random): string {
  const head = `2026-11-22T08:47:25.123456789+00:00 ${random.pick(['stdout', 'stderr'])} ${random.pick(['F', 'P', 'F:x'])} `;
  const line = head + (random.chance(0.6) ? mutate(pool.pick(random), pool.pick(random), random) : pool.pick(random));
  return random.chance(0.2) ? mutate(line, line, random) : line;
}

/** Every text in a line of JSON, and the line itself. */
function textsIn(line: string): readonly string[] {
  const fields = parsed(line);
  if (fields === null) return [line, undone(line)];
  const values = Object.values(fields).flatMap((value) => [value, ...(Array.isArray(value) ? value : [])]);
  return [line, ...values.map(fieldText)];
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** A line of Docker that has been cut off: its escapes are undone all the same. */
function undone(line: string): string {
  return line.replaceAll(/\\u([0-9a-f]{4})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
