/**
 * The sliding windows of all subjects: for each subject and kind of failure the times of the last failures. A million
 * subjects must fit in memory, so everything lies in typed arrays: a slot per subject, a chain of nodes per window, and a
 * list through all slots in the order in which they were last seen. When the slots run out, the one that was seen least
 * recently is forgotten. A chain is a ring: the newest failure leads to the oldest, so both ends are at hand.
 */
import { detached } from './memo.ts';
import { FAILURE_KINDS, type FailureKind, type Limit, type Millis } from './types.ts';

const KIND_COUNT = FAILURE_KINDS.length;
const NONE = 0;
const FIRST_CAPACITY = 1024;
/** How many failures there is room for, on average; a flood of more forgets the oldest subjects early. */
const FAILURES_PER_SUBJECT = 8;

export interface WindowRow {
  readonly subject: string;
  readonly kind: FailureKind;
  /** Oldest first. */
  readonly times: readonly Millis[];
}

export class Windows {
  readonly #maxSubjects: number;
  readonly #slots = new Map<string, number>();
  #subjects: (string | undefined)[] = [undefined];
  /** Newest node of each window, by `slot * KIND_COUNT + kind`. */
  #ends = new Uint32Array(FIRST_CAPACITY * KIND_COUNT);
  /** Number of nodes of each window. */
  #lengths = new Uint32Array(FIRST_CAPACITY * KIND_COUNT);
  #newer = new Uint32Array(FIRST_CAPACITY);
  #older = new Uint32Array(FIRST_CAPACITY);
  #newest = NONE;
  #oldest = NONE;
  readonly #freeSlots: number[] = [];
  #times = new Float64Array(FIRST_CAPACITY);
  /** The node after this one in time, behind the newest comes the oldest; for free nodes, the next free one. */
  #next = new Uint32Array(FIRST_CAPACITY);
  #nodes = 1;
  #freeNode = NONE;
  /** Slots that changed, once each, and which of their windows did: a bit for each kind. */
  #changed: number[] = [];
  #marks = new Uint8Array(FIRST_CAPACITY);
  /** The same of subjects that were forgotten; they may be back. */
  readonly #released = new Map<string, number>();

  constructor(maxSubjects: number) {
    this.#maxSubjects = maxSubjects;
  }

  get size(): number {
    return this.#slots.size;
  }

  /**
   * Records a failure. Returns how many lie in the fullest window that holds this one, at most `limit.count`: so the
   * limit is reached when the result is `limit.count`. Failures may come late; they are sorted in.
   */
  add(subject: string, kind: FailureKind, time: Millis, limit: Limit): number {
    const slot = this.#slots.get(subject) ?? this.#newSlot(subject);
    this.#touch(slot);
    this.#mark(slot, kind);
    const window = slot * KIND_COUNT + FAILURE_KINDS.indexOf(kind);
    const isNewest = this.#insert(window, time);
    const count = isNewest ? this.#lengthSince(window, time - limit.period) : this.#fullest(window, time, limit);
    this.#trim(window, limit.period);
    return Math.min(count, limit.count);
  }

  /** The times that are kept, oldest first. */
  times(subject: string, kind: FailureKind): Millis[] {
    const slot = this.#slots.get(subject);
    if (slot === undefined) return [];
    return this.#windowTimes(slot * KIND_COUNT + FAILURE_KINDS.indexOf(kind));
  }

  /** When the oldest of the last so many came; null where there are fewer. */
  nthLast(subject: string, kind: FailureKind, count: number): Millis | null {
    const slot = this.#slots.get(subject);
    if (slot === undefined) return null;
    const window = slot * KIND_COUNT + FAILURE_KINDS.indexOf(kind);
    const older = (this.#lengths[window] ?? 0) - count;
    if (older < 0) return null;
    let node = this.#next[this.#ends[window] ?? NONE] ?? NONE;
    for (let left = older; left > 0; left--) node = this.#next[node] ?? NONE;
    return this.#times[node] ?? null;
  }

  /** Forgets the failures of a subject, all or those before a time; false where there were none at all. */
  clear(subject: string, before = Number.POSITIVE_INFINITY): boolean {
    const slot = this.#slots.get(subject);
    if (slot === undefined) return false;
    const later = FAILURE_KINDS.map((kind) => this.times(subject, kind).filter((time) => time >= before));
    this.#release(slot, subject);
    for (const [index, kind] of FAILURE_KINDS.entries()) {
      const times = later[index] ?? [];
      if (times.length > 0) this.#mark(this.#fill({ subject, kind, times }), kind);
    }
    return true;
  }

  /** Takes back single failures, by their times. */
  remove(subject: string, kind: FailureKind, times: readonly Millis[]): void {
    const slot = this.#slots.get(subject);
    if (slot === undefined) return;
    const window = slot * KIND_COUNT + FAILURE_KINDS.indexOf(kind);
    const kept = this.#windowTimes(window);
    for (const time of times) {
      const index = kept.indexOf(time);
      if (index >= 0) kept.splice(index, 1);
    }
    this.#empty(window);
    for (const time of kept) this.#insert(window, time);
    this.#mark(slot, kind);
  }

  /** Takes over what a store kept. Not a change. */
  load(row: WindowRow): void {
    this.#fill(row);
  }

  /** Every window that changed since the last call; one that is empty now is listed with no times. */
  takeChanged(): WindowRow[] {
    const rows: WindowRow[] = [];
    const list = (subject: string, marks: number): void => {
      for (const [index, kind] of FAILURE_KINDS.entries())
        if ((marks & (1 << index)) !== 0) rows.push({ subject, kind, times: this.times(subject, kind) });
    };
    for (const [subject, marks] of this.#released) {
      const slot = this.#slots.get(subject);
      list(subject, slot === undefined ? marks : marks & ~(this.#marks[slot] ?? 0));
    }
    for (const slot of this.#changed) {
      const subject = this.#subjects[slot];
      if (subject !== undefined) list(subject, this.#marks[slot] ?? 0);
      this.#marks[slot] = 0;
    }
    this.#changed = [];
    this.#released.clear();
    return rows;
  }

  *rows(): Generator<WindowRow> {
    for (const subject of this.#slots.keys()) {
      for (const kind of FAILURE_KINDS) {
        const times = this.times(subject, kind);
        if (times.length > 0) yield { subject, kind, times };
      }
    }
  }

  /** Forgets subjects whose newest failure is before `time`. */
  forgetBefore(time: Millis): void {
    for (let slot = this.#oldest; slot !== NONE; ) {
      const next = this.#newer[slot] ?? NONE;
      let newest = Number.NEGATIVE_INFINITY;
      for (let kind = 0; kind < KIND_COUNT; kind++) {
        const end = this.#ends[slot * KIND_COUNT + kind] ?? NONE;
        if (end !== NONE) newest = Math.max(newest, this.#times[end] ?? 0);
      }
      const subject = this.#subjects[slot];
      if (newest < time && subject !== undefined) this.#release(slot, subject);
      slot = next;
    }
  }

  #fill({ subject, kind, times }: WindowRow): number {
    const slot = this.#slots.get(subject) ?? this.#newSlot(subject);
    this.#touch(slot);
    const window = slot * KIND_COUNT + FAILURE_KINDS.indexOf(kind);
    for (const time of times) this.#insert(window, time);
    return slot;
  }

  /** True where no failure of the window is newer. */
  #insert(window: number, time: Millis): boolean {
    const node = this.#newNode(time);
    const newest = this.#ends[window] ?? NONE;
    this.#lengths[window] = (this.#lengths[window] ?? 0) + 1;
    const isNewest = newest === NONE || (this.#times[newest] ?? 0) <= time;
    if (isNewest) this.#ends[window] = node;
    let before = newest === NONE ? node : newest;
    while (!isNewest && (this.#times[this.#next[before] ?? NONE] ?? 0) <= time) before = this.#next[before] ?? NONE;
    this.#next[node] = before === node ? node : (this.#next[before] ?? NONE);
    this.#next[before] = node;
    return isNewest;
  }

  /** How many failures of the window are after `start`; the newest one must be. */
  #lengthSince(window: number, start: Millis): number {
    let length = this.#lengths[window] ?? 0;
    let node = this.#next[this.#ends[window] ?? NONE] ?? NONE;
    for (; (this.#times[node] ?? 0) <= start; node = this.#next[node] ?? NONE) length--;
    return length;
  }

  /** The most failures in any half-open period that holds `time`. */
  #fullest(window: number, time: Millis, limit: Limit): number {
    const times = this.#windowTimes(window);
    let most = 0;
    let start = 0;
    for (const [end, newest] of times.entries()) {
      if (newest < time) continue;
      if (newest >= time + limit.period) break;
      while ((times[start] ?? 0) <= newest - limit.period) start++;
      most = Math.max(most, end - start + 1);
    }
    return most;
  }

  #windowTimes(window: number): Millis[] {
    const times: Millis[] = [];
    let node = this.#next[this.#ends[window] ?? NONE] ?? NONE;
    for (let left = this.#lengths[window] ?? 0; left > 0; left--) {
      times.push(this.#times[node] ?? 0);
      node = this.#next[node] ?? NONE;
    }
    return times;
  }

  /** Drops the failures that are two periods old: even for one that comes a whole period late they are out of reach. */
  #trim(window: number, period: Millis): void {
    const newest = this.#ends[window] ?? NONE;
    const start = (this.#times[newest] ?? 0) - 2 * period;
    for (;;) {
      const oldest = this.#next[newest] ?? NONE;
      if ((this.#times[oldest] ?? 0) > start) return;
      this.#next[newest] = this.#next[oldest] ?? NONE;
      this.#next[oldest] = this.#freeNode;
      this.#freeNode = oldest;
      this.#lengths[window] = (this.#lengths[window] ?? 1) - 1;
    }
  }

  /** Frees all nodes of a window at once; false where there were none. */
  #empty(window: number): boolean {
    const newest = this.#ends[window] ?? NONE;
    if (newest === NONE) return false;
    const oldest = this.#next[newest] ?? NONE;
    this.#next[newest] = this.#freeNode;
    this.#freeNode = oldest;
    this.#ends[window] = NONE;
    this.#lengths[window] = 0;
    return true;
  }

  #mark(slot: number, kind: FailureKind): void {
    const marks = this.#marks[slot] ?? 0;
    if (marks === 0) this.#changed.push(slot);
    this.#marks[slot] = marks | (1 << FAILURE_KINDS.indexOf(kind));
  }

  #newNode(time: Millis): number {
    let node = this.#freeNode;
    if (node !== NONE) {
      this.#freeNode = this.#next[node] ?? NONE;
    } else {
      // The slot that is being filled is always the newest, so it is never the one that goes.
      const mayForget = this.#oldest !== this.#newest;
      if (mayForget && this.#nodes > this.#maxSubjects * FAILURES_PER_SUBJECT) this.#forgetOldest();
      if (this.#freeNode !== NONE) return this.#newNode(time);
      if (this.#nodes === this.#times.length) {
        this.#times = grown(this.#times);
        this.#next = grown(this.#next);
      }
      node = this.#nodes++;
    }
    this.#times[node] = time;
    return node;
  }

  #newSlot(subject: string): number {
    if (this.#slots.size >= this.#maxSubjects) this.#forgetOldest();
    const slot = this.#freeSlots.pop() ?? this.#subjects.length;
    if (slot === this.#newer.length) {
      this.#newer = grown(this.#newer);
      this.#older = grown(this.#older);
      this.#ends = grown(this.#ends);
      this.#lengths = grown(this.#lengths);
      this.#marks = grown(this.#marks);
    }
    const own = detached(subject);
    this.#subjects[slot] = own;
    this.#slots.set(own, slot);
    return slot;
  }

  #forgetOldest(): void {
    const subject = this.#subjects[this.#oldest];
    if (subject !== undefined) this.#release(this.#oldest, subject);
  }

  #release(slot: number, subject: string): void {
    this.#unlink(slot);
    let marks = this.#marks[slot] ?? 0;
    for (let kind = 0; kind < KIND_COUNT; kind++) {
      if (this.#empty(slot * KIND_COUNT + kind)) marks |= 1 << kind;
    }
    this.#slots.delete(subject);
    this.#subjects[slot] = undefined;
    this.#freeSlots.push(slot);
    this.#released.set(subject, (this.#released.get(subject) ?? 0) | marks);
  }

  /** Moves a slot to the end that was seen last. */
  #touch(slot: number): void {
    if (this.#newest === slot) return;
    this.#unlink(slot);
    this.#older[slot] = this.#newest;
    if (this.#newest !== NONE) this.#newer[this.#newest] = slot;
    this.#newest = slot;
    if (this.#oldest === NONE) this.#oldest = slot;
  }

  #unlink(slot: number): void {
    const newer = this.#newer[slot] ?? NONE;
    const older = this.#older[slot] ?? NONE;
    if (newer !== NONE) this.#older[newer] = older;
    else if (this.#newest === slot) this.#newest = older;
    if (older !== NONE) this.#newer[older] = newer;
    else if (this.#oldest === slot) this.#oldest = newer;
    this.#newer[slot] = NONE;
    this.#older[slot] = NONE;
  }
}

/** The first full window that holds `time`: when its oldest and its newest failure happened. */
export function fullWindow(times: readonly Millis[], time: Millis, limit: Limit): { from: Millis; to: Millis } {
  for (const [last, to] of times.entries()) {
    const from = times[last + 1 - limit.count];
    if (to >= time && from !== undefined && from <= time && from > to - limit.period) return { from, to };
  }
  return { from: time, to: time };
}

function grown<Values extends Uint8Array | Uint32Array | Float64Array>(values: Values): Values {
  const larger = new (values.constructor as new (length: number) => Values)(values.length * 2);
  larger.set(values);
  return larger;
}
