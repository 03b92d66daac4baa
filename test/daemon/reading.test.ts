/** How several sources become one stream of events: in order while they are caught up with, and whatever one of them does. */
import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadFilters } from '../../src/config/filter-files.ts';
import type { Address } from '../../src/core/ip.ts';
import type { Event } from '../../src/core/types.ts';
import { type Feed, Reading } from '../../src/daemon/reading.ts';
import { fileSource } from '../../src/source/file.ts';
import type { FilePosition, Position, Sink, Source } from '../../src/source/types.ts';
import { directory, until } from '../source/recorder.ts';
import { type Body, stamped, wrongSubmission } from '../support/mail-lines.ts';
import { RotatingLog } from '../support/rotating-log.ts';

const filters = [...(await loadFilters(join(import.meta.dirname, '../../filters'))).values()].map(
  (one) => one.compiled,
);
const NOW = Date.UTC(2026, 10, 22, 12);

let inodes = 1;

/** A source that does what the test says. */
class ScriptedSource implements Source {
  readonly name: string;
  started: readonly Position[] | null = null;
  /** The names of its filters; null is all of them. */
  filters: readonly string[] | null = null;
  #sink: Sink | null = null;
  #offset = 0;
  /** Of the file; sources of the same number read the same one. */
  #inode: number;
  readonly #caughtUp = Promise.withResolvers<void>();

  constructor(name: string, inode = inodes++) {
    this.name = name;
    this.#inode = inode;
  }

  start(positions: readonly Position[], _since: number, sink: Sink): Promise<void> {
    this.started = positions;
    this.#sink = sink;
    return this.#caughtUp.promise;
  }

  write(...lines: readonly string[]): void {
    const data = Buffer.from(lines.join(''));
    this.#offset += data.length;
    this.#sink?.chunk({
      source: this.name,
      origin: `/${this.name}`,
      format: 'text',
      data,
      position: this.#position(),
      cut: 0,
    });
  }

  /** What is written from now on comes out of another file, under the same name: a copy of the log, say. */
  turnTo(inode = inodes++): void {
    this.#inode = inode;
  }

  begin(): void {
    this.#sink?.begin(this.#position());
  }

  letGo(): void {
    this.#sink?.forget(this.#position());
  }

  caughtUp(): void {
    this.#caughtUp.resolve();
  }

  async stop(): Promise<void> {
    this.caughtUp();
  }

  status(): ReturnType<Source['status']> {
    return { name: this.name, state: 'reading', problem: null, origins: [] };
  }

  #position(): FilePosition {
    const fingerprint = { length: 0, hash: '' };
    const path = `/${this.name}`;
    return { type: 'file', source: this.name, path, device: 1, inode: this.#inode, offset: this.#offset, fingerprint };
  }
}

type Filtered = Source & { readonly filters?: readonly string[] | null };

function feedsOf(isOneLog: boolean, ...sources: readonly Filtered[]): Feed[] {
  return sources.map((source) => ({
    source,
    filters: filters.filter(({ name }) => source.filters?.includes(name) ?? true),
    localTime: (...parts) => Date.UTC(...parts),
    units: new Set(),
    isOneLog,
  }));
}

function readingOf(...sources: readonly Filtered[]) {
  return readingWith(false, ...sources);
}

function readingWith(isOneLog: boolean, ...sources: readonly Filtered[]) {
  const events: Event[] = [];
  const warnings: string[] = [];
  const clock = { now: NOW };
  const reading = new Reading({
    now: () => clock.now,
    onEvent: (event) => void events.push(event),
    onChunk: () => {},
    warn: (source, message) => void warnings.push(`${source}: ${message}`),
    info: () => {},
  });
  const feeds = feedsOf(isOneLog, ...sources);
  return { reading, events, warnings, clock, feeds, started: reading.start(feeds, 0) };
}

/** So many attempts, one every ten seconds and each told of in both logs. */
function attempts(count: number): { mail: string[]; dovecot: string[] } {
  let pid = 100;
  const numbers = { next: () => pid++ };
  const lines = Array.from({ length: count }, (_, n) =>
    wrongSubmission(numbers, '198.51.100.1', 'alice@example.org').map((body: Body) => ({
      body,
      line: stamped(NOW - 3_600_000 + n * 10_000, body),
    })),
  ).flat();
  const of = (dovecot: boolean): string[] =>
    lines.filter(({ body }) => body.startsWith('dovecot') === dovecot).map(({ line }) => line);
  return { mail: of(false), dovecot: of(true) };
}

test('whichever log is read first, an attempt that stands in two counts once', async () => {
  for (const order of [0, 1]) {
    const [mail, dovecot] = [new ScriptedSource('mail'), new ScriptedSource('dovecot')];
    const { reading, events, clock, started } = readingOf(mail, dovecot);
    const lines = attempts(200);
    if (order === 0) mail.write(...lines.mail);
    dovecot.write(...lines.dovecot);
    if (order === 1) mail.write(...lines.mail);
    assert.equal(events.length, 0, 'nothing is judged before all have been read');
    mail.caughtUp();
    dovecot.caughtUp();
    await started;
    clock.now += 60_000;
    reading.tick();
    assert.equal(events.length, 200);
    assert.deepEqual(
      [...events].sort((one, other) => one.time - other.time),
      events,
    );
    const [view] = reading.views();
    assert.equal(view?.lines, lines.mail.length);
  }
});

test('the rest of a copy that is read behind its emptied log comes before what the log holds now', async () => {
  const [mail, other] = [new ScriptedSource('mail'), new ScriptedSource('other')];
  const { reading, events, clock, started } = readingOf(mail, other);
  const [connect = '', , failed = '', disconnect = ''] = wrongSubmission(
    { next: () => 7 },
    '198.51.100.1',
    'alice',
  ).map((body: Body, n) => stamped(NOW - 3_600_000 + n * 40, body));
  mail.write(connect);
  mail.turnTo();
  mail.write(disconnect);
  mail.turnTo();
  mail.write(failed);
  mail.caughtUp();
  other.caughtUp();
  await started;
  clock.now += 60_000;
  reading.tick();
  assert.deepEqual(
    events.map(({ kind, login }) => `${kind} ${login}`),
    ['authentication alice'],
  );
});

test('positions are not kept before what stands before them has been judged', async () => {
  const [mail, dovecot] = [new ScriptedSource('mail'), new ScriptedSource('dovecot')];
  const { reading, events, feeds } = readingOf(mail, dovecot);
  mail.write(...attempts(3).mail);
  mail.caughtUp();
  assert.deepEqual([...reading.takePositions()], []);
  await reading.stop();
  assert.deepEqual([...reading.takePositions()], [], 'a stop in the middle keeps nothing either');
  assert.equal(events.length, 0);
  const [again, other] = [new ScriptedSource('mail'), new ScriptedSource('dovecot')];
  const restarted = reading.start(
    feeds.map((feed, n) => ({ ...feed, source: n === 0 ? again : other })),
    0,
  );
  assert.deepEqual(again.started, [], 'it is read again from where it was');
  again.write(...attempts(3).mail);
  again.caughtUp();
  other.caughtUp();
  await restarted;
  assert.equal(events.length, 3);
  assert.equal(reading.takePositions().size, 1);
});

test('a first start that is killed while it catches up is gone on with from there, though the log was rotated', async (t) => {
  const folder = await directory(t);
  const log = join(folder, 'mail.log');
  const lines = attempts(6).mail;
  const half = lines.length / 2;
  await writeFile(log, lines.slice(0, half).join(''));
  const started = () => {
    const source = fileSource({ name: 'mail', globs: [log], timeOfLine: () => NOW, now: Date.now });
    return { source, hanging: new ScriptedSource('hanging') };
  };
  const killed = started();
  const first = readingOf(killed.source, killed.hanging);
  t.after(() => first.reading.stop());
  await until(() => first.reading.views().every(({ name, lines: read }) => name !== 'mail' || read === half));
  const stored = first.reading.takePositions();
  await first.reading.stop();
  assert.equal(first.events.length, 0);

  await rename(log, `${log}.1`);
  await writeFile(log, lines.slice(half).join(''));
  const next = started();
  const { reading, events, clock } = readingOf();
  t.after(() => reading.stop());
  reading.load(new Map([...stored].map(([key, position]) => [key, position ?? ''])), new Map());
  next.hanging.caughtUp();
  await reading.start(feedsOf(false, next.source, next.hanging), 0);
  clock.now += 60_000;
  reading.tick();
  assert.equal(events.length, 6);
});

test('a source that hangs at its start does not keep the others from being judged', () => {
  const [mail, hanging] = [new ScriptedSource('mail'), new ScriptedSource('hanging')];
  const { reading, events, clock } = readingOf(mail, hanging);
  mail.write(...attempts(2).mail);
  mail.caughtUp();
  clock.now += 5_000;
  reading.tick();
  assert.equal(events.length, 0);
  clock.now += 6_000;
  reading.tick();
  assert.equal(events.length, 2);
  assert.equal(reading.takePositions().size, 1);
  mail.write(...attempts(1).mail);
  assert.equal(events.length, 3, 'from then on each line is judged at once');
});

test('a log that is the only one is judged as it is read, and its own lines tell the time', async () => {
  const mail = new ScriptedSource('mail');
  const { reading, events, clock, started } = readingWith(true, mail);
  const { mail: own, dovecot } = attempts(100);
  const stamp = (line: string): string => line.slice(0, line.indexOf(' '));
  const merged = [...dovecot, ...own].sort((one, other) => stamp(one).localeCompare(stamp(other)));
  mail.write(...merged.slice(0, merged.length / 2));
  const half = events.length;
  assert.ok(half >= 45 && half <= 55, `${half} of about 50 attempts are judged before the end is reached`);
  assert.equal(reading.takePositions().size, 1, 'and the position behind them is kept');
  clock.now += 3_600_000;
  reading.tick();
  assert.equal(events.length, half, 'the wall clock does not hurry what is read late');
  mail.write(...merged.slice(merged.length / 2));
  mail.caughtUp();
  await started;
  clock.now += 60_000;
  reading.tick();
  assert.equal(events.length, 100);
});

test('what a server reports counts once with what the logs tell, at once or in its turn while they are caught up with', async () => {
  const [mail, dovecot] = [new ScriptedSource('mail'), new ScriptedSource('dovecot')];
  const { reading, events, clock, started } = readingOf(mail, dovecot);
  const ip = '198.51.100.1' as Address;
  const report = (): void =>
    reading.report({
      reporter: 'dovecot-auth-policy',
      outcome: 'failure',
      ip,
      login: 'alice@example.org',
      session: null,
      password: '0544',
    });
  let pid = 100;
  const lines = (): string[] =>
    wrongSubmission({ next: () => pid++ }, ip, 'alice@example.org').map((body) => stamped(clock.now, body));
  mail.write(...attempts(1).mail);
  report();
  mail.write(...lines());
  assert.equal(events.length, 0);
  mail.caughtUp();
  dovecot.caughtUp();
  await started;
  assert.deepEqual(
    events.map(({ time, password }) => [time === NOW, password]),
    [
      [false, undefined],
      [true, '0544'],
    ],
  );
  clock.now += 60_000;
  report();
  assert.equal(events.length, 3);
  mail.write(...lines());
  clock.now += 60_000;
  reading.tick();
  assert.equal(events.length, 3);
});

/** Two sources that have caught up with the same file. */
async function sharing(filters: readonly (string | null)[]) {
  const sources = filters.map((filter, index) => {
    const source = new ScriptedSource(`s${index}`, 1_000);
    source.filters = filter === null ? null : [filter];
    source.caughtUp();
    return source;
  });
  const set = readingOf(...sources);
  await set.started;
  const { mail, dovecot } = attempts(20);
  for (const source of sources) source.write(...mail, ...dovecot);
  set.clock.now += 60_000;
  set.reading.tick();
  return { ...set, sources, mail };
}

test('a file that two sources read counts once, which is told once and stands in the status', async () => {
  const { reading, events, warnings, sources, mail } = await sharing([null, 'postfix']);
  assert.equal(events.length, 20);
  const message =
    '/s1 is not read here, because source s0 reads it and every failure would count twice; name it in one source, with all filters';
  assert.deepEqual(warnings, [`s1: ${message}`]);
  assert.deepEqual(
    reading.views().map(({ problem, lines }) => [problem, lines > 0]),
    [
      [null, true],
      [message, false],
    ],
  );
  // Both positions go on, so that a restart without one of the sources counts nothing again.
  assert.equal(reading.takePositions().size, 2);
  sources[0]?.letGo();
  sources[1]?.write(...mail.slice(0, 2));
  assert.equal(reading.views()[1]?.problem, null);
  assert.ok((reading.views()[1]?.lines ?? 0) > 0);
});

test('sources with different filters may read the same file, each pair for itself', async () => {
  const { reading, events, warnings } = await sharing(['postfix', 'dovecot', 'dovecot']);
  assert.equal(events.length, 20);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^s2: .* source s1 reads it/);
  assert.deepEqual(
    reading.views().map(({ problem }) => problem === null),
    [true, true, false],
  );
});

test('a log that two sources follow counts once however it is rotated', async (t) => {
  const folder = await directory(t);
  const log = new RotatingLog(join(folder, 'mail.log'));
  const globs = [log.path, `${log.path}*`];
  const sources = globs.map((glob, index) =>
    fileSource({ name: `s${index}`, globs: [glob], timeOfLine: () => NOW, now: Date.now, rescan: 20 }),
  );
  const { mail } = attempts(60);
  const lines = mail.values();
  const write = (count: number): void => {
    for (const line of lines.take(count)) log.write(line);
  };
  write(5);
  const { reading, events, clock, started } = readingOf(...sources);
  t.after(() => reading.stop());
  await started;
  for (let n = 0; n < 6; n++) {
    write(12);
    log.rotate(n % 2 === 0 ? 'copytruncate' : 'rename', { first: stamped(NOW, 'rsyslogd: rotated') });
    write(5);
    const written = 5 + 17 * (n + 1);
    await until(() => reading.lines >= written);
  }
  for (const line of lines) log.write(line);
  await until(() => reading.lines >= mail.length);
  clock.now += 60_000;
  reading.tick();
  log.close();
  assert.equal(events.length, 60);
});

test('a source that is added above one that has read the log reads nothing again', async (t) => {
  const log = join(await directory(t), 'mail.log');
  await writeFile(log, attempts(10).mail.join(''));
  const readBy = async (names: readonly string[], stored: ReadonlyMap<string, string | null>) => {
    const { reading, events, clock } = readingOf();
    t.after(() => reading.stop());
    reading.load(new Map([...stored].map(([key, position]) => [key, position ?? ''])), new Map());
    const sources = names.map((name) =>
      fileSource({ name, globs: [log], timeOfLine: () => NOW, now: Date.now, rescan: 60_000 }),
    );
    await reading.start(feedsOf(false, ...sources), 0);
    clock.now += 60_000;
    reading.tick();
    return { read: events.length, positions: reading.takePositions() };
  };
  const first = await readBy(['old'], new Map());
  assert.equal(first.read, 10);
  assert.equal((await readBy(['new', 'old'], first.positions)).read, 0);
});

test('where reading begins takes the place of no position before lines that wait', () => {
  const [mail, other] = [new ScriptedSource('mail', 77), new ScriptedSource('other')];
  const { reading } = readingOf();
  const before = JSON.stringify({ source: 'mail', offset: 5 });
  reading.load(new Map([['mail:1:77', before]]), new Map());
  void reading.start(feedsOf(false, mail, other), 0);
  mail.begin();
  assert.deepEqual([...reading.takePositions()], []);
});
