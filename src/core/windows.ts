/**
 * The sliding windows of all subjects: for each subject and kind of failure the times of the last N failures. A million
 * subjects must fit in memory, so everything lies in typed arrays: a slot per subject, a chain of nodes per window, and a
 * list through all slots in the order in which they were last seen. When the slots run out, the one that was seen least
 * recently is forgotten.
 */
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
  #heads = new Uint32Array(FIRST_CAPACITY * KIND_COUNT);
  #newer = new Uint32Array(FIRST_CAPACITY);
  #older = new Uint32Array(FIRST_CAPACITY);
  #newest = NONE;
  #oldest = NONE;
  readonly #freeSlots: number[] = [];
  #times = new Float64Array(FIRST_CAPACITY);
  /** The node before this one in time; for free nodes, the next free one. */
  #previous = new Uint32Array(FIRST_CAPACITY);
  #nodes = 1;
  #freeNode = NONE;
  readonly #changed = new Set<string>();

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
    this.#changed.add(subject);
    const window = slot * KIND_COUNT + FAILURE_KINDS.indexOf(kind);
    this.#insert(window, time);
    const count = this.#fullest(window, time, limit);
    this.#trim(window, limit);
    return count;
  }

  /** How many failures lie within the period before `now`. */
  count(subject: string, kind: FailureKind, now: Millis, period: Millis): number {
    return this.times(subject, kind).filter((time) => time > now - period && time <= now).length;
  }

  /** The times that are kept, oldest first. */
  times(subject: string, kind: FailureKind): Millis[] {
    const slot = this.#slots.get(subject);
    if (slot === undefined) return [];
    const times: Millis[] = [];
    for (let node = this.#heads[slot * KIND_COUNT + FAILURE_KINDS.indexOf(kind)] ?? NONE; node !== NONE; ) {
      times.push(this.#times[node] ?? 0);
      node = this.#previous[node] ?? NONE;
    }
    return times.reverse();
  }

  /** Forgets all failures of a subject; false where there were none. */
  clear(subject: string): boolean {
    const slot = this.#slots.get(subject);
    if (slot === undefined) return false;
    this.#release(slot, subject);
    return true;
  }

  /** Takes over what a store kept. Not a change. */
  load(row: WindowRow): void {
    const slot = this.#slots.get(row.subject) ?? this.#newSlot(row.subject);
    this.#touch(slot);
    const window = slot * KIND_COUNT + FAILURE_KINDS.indexOf(row.kind);
    for (const time of row.times) this.#insert(window, time);
    this.#changed.delete(row.subject);
  }

  /** Every window of each subject that changed since the last call; empty windows are listed with no times. */
  takeChanged(): WindowRow[] {
    const rows: WindowRow[] = [];
    for (const subject of this.#changed) {
      for (const kind of FAILURE_KINDS) rows.push({ subject, kind, times: this.times(subject, kind) });
    }
    this.#changed.clear();
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
        const head = this.#heads[slot * KIND_COUNT + kind] ?? NONE;
        if (head !== NONE) newest = Math.max(newest, this.#times[head] ?? 0);
      }
      const subject = this.#subjects[slot];
      if (newest < time && subject !== undefined) this.#release(slot, subject);
      slot = next;
    }
  }

  #insert(window: number, time: Millis): void {
    const node = this.#newNode(time);
    let after = NONE;
    let at = this.#heads[window] ?? NONE;
    while (at !== NONE && (this.#times[at] ?? 0) > time) {
      after = at;
      at = this.#previous[at] ?? NONE;
    }
    this.#previous[node] = at;
    if (after === NONE) this.#heads[window] = node;
    else this.#previous[after] = node;
  }

  /** The most failures, up to the limit, in any half-open period that holds `time`. */
  #fullest(window: number, time: Millis, limit: Limit): number {
    const times: Millis[] = [];
    for (let node = this.#heads[window] ?? NONE; node !== NONE; node = this.#previous[node] ?? NONE) {
      const at = this.#times[node] ?? 0;
      if (at <= time - limit.period) break;
      if (at < time + limit.period) times.push(at);
    }
    let most = 0;
    let end = 0;
    for (let start = 0; start < times.length; start++) {
      const newest = times[start] ?? 0;
      if (newest < time) break;
      while (end < times.length && (times[end] ?? 0) > newest - limit.period) end++;
      most = Math.max(most, end - start);
    }
    return Math.min(most, limit.count);
  }

  /** Keeps the newest `limit.count` failures; older ones can no longer make a window full. */
  #trim(window: number, limit: Limit): void {
    let node = this.#heads[window] ?? NONE;
    for (let kept = 1; node !== NONE && kept < limit.count; kept++) node = this.#previous[node] ?? NONE;
    if (node === NONE) return;
    this.#freeChain(this.#previous[node] ?? NONE);
    this.#previous[node] = NONE;
  }

  #freeChain(first: number): void {
    for (let node = first; node !== NONE; ) {
      const next = this.#previous[node] ?? NONE;
      this.#previous[node] = this.#freeNode;
      this.#freeNode = node;
      node = next;
    }
  }

  #newNode(time: Millis): number {
    let node = this.#freeNode;
    if (node !== NONE) {
      this.#freeNode = this.#previous[node] ?? NONE;
    } else {
      if (this.#nodes > this.#maxSubjects * FAILURES_PER_SUBJECT) this.#forgetOldest();
      if (this.#freeNode !== NONE) return this.#newNode(time);
      if (this.#nodes === this.#times.length) {
        this.#times = grown(this.#times);
        this.#previous = grown(this.#previous);
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
      this.#heads = grown(this.#heads);
    }
    this.#subjects[slot] = subject;
    this.#slots.set(subject, slot);
    return slot;
  }

  /** The slot that is being filled is always the newest, so it is never the one that goes. */
  #forgetOldest(): void {
    const subject = this.#subjects[this.#oldest];
    if (subject !== undefined && this.#oldest !== this.#newest) this.#release(this.#oldest, subject);
  }

  #release(slot: number, subject: string): void {
    this.#unlink(slot);
    for (let kind = 0; kind < KIND_COUNT; kind++) {
      this.#freeChain(this.#heads[slot * KIND_COUNT + kind] ?? NONE);
      this.#heads[slot * KIND_COUNT + kind] = NONE;
    }
    this.#slots.delete(subject);
    this.#subjects[slot] = undefined;
    this.#freeSlots.push(slot);
    this.#changed.add(subject);
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

function grown<Values extends Uint32Array | Float64Array>(values: Values): Values {
  const larger = new (values.constructor as new (length: number) => Values)(values.length * 2);
  larger.set(values);
  return larger;
}
