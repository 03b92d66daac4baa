/**
 * The sliding windows of all subjects: for each subject and kind of failure the times of the last failures. A million
 * subjects must fit in memory, so everything lies in typed arrays: a slot per subject, a ring of times per window, and a
 * list through all slots in the order in which they were last seen. When the slots run out, the one that was seen least
 * recently is forgotten.
 */
import { detached } from './memo.ts';
import { FIRST_CAPACITY, grown, NONE, Nodes, Rings } from './rings.ts';
import { FAILURE_KINDS, type FailureKind, type Limit, type Millis } from './types.ts';

/** How many failures there is room for, on average; a flood of more forgets the oldest subjects early. */
const FAILURES_PER_SUBJECT = 8;

export interface WindowRow {
  readonly subject: string;
  readonly kind: FailureKind;
  /** Oldest first. */
  readonly times: readonly Millis[];
}

/** What a store has yet to take over. */
export type ChangedWindows = Pick<Windows, 'hasChanged' | 'changed' | 'stored'>;

export class Windows {
  readonly #maxSubjects: number;
  readonly #slots = new Map<string, number>();
  #subjects: (string | undefined)[] = [undefined];
  readonly #nodes = new Nodes();
  readonly #rings: Readonly<Record<FailureKind, Rings>> = {
    authentication: new Rings(this.#nodes),
    'invalid-rcpt': new Rings(this.#nodes),
    loitering: new Rings(this.#nodes),
    scan: new Rings(this.#nodes),
  };
  #newer = new Uint32Array(FIRST_CAPACITY);
  #older = new Uint32Array(FIRST_CAPACITY);
  #newest = NONE;
  #oldest = NONE;
  readonly #freeSlots: number[] = [];
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
    const rings = this.#rings[kind];
    const isNewest = this.#insert(rings, slot, time);
    const count = isNewest ? rings.lengthSince(slot, time - limit.period) : rings.fullest(slot, time, limit);
    rings.trim(slot, limit.period);
    return Math.min(count, limit.count);
  }

  /** The times that are kept, oldest first. */
  times(subject: string, kind: FailureKind): Millis[] {
    const slot = this.#slots.get(subject);
    return slot === undefined ? [] : this.#rings[kind].times(slot);
  }

  /** When the oldest of the last so many came; null where there are fewer. */
  nthLast(subject: string, kind: FailureKind, count: number): Millis | null {
    const slot = this.#slots.get(subject);
    return slot === undefined ? null : this.#rings[kind].nthLast(slot, count);
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
    const rings = this.#rings[kind];
    const kept = rings.times(slot);
    for (const time of times) {
      const index = kept.indexOf(time);
      if (index >= 0) kept.splice(index, 1);
    }
    rings.empty(slot);
    for (const time of kept) this.#insert(rings, slot, time);
    this.#mark(slot, kind);
  }

  /** Takes over what a store kept. Not a change. */
  load(row: WindowRow): void {
    this.#fill(row);
  }

  /** Whether anything changed since `stored`. */
  get hasChanged(): boolean {
    return this.#changed.length + this.#released.size > 0;
  }

  /** Every window that changed since `stored`, one at a time; one that is empty now is listed with no times. */
  *changed(): Generator<WindowRow, void, undefined> {
    for (const [subject, marks] of this.#released) {
      const slot = this.#slots.get(subject);
      yield* this.#marked(subject, slot === undefined ? marks : marks & ~(this.#marks[slot] ?? 0));
    }
    for (const slot of this.#changed) {
      const subject = this.#subjects[slot];
      if (subject !== undefined) yield* this.#marked(subject, this.#marks[slot] ?? 0);
    }
  }

  /** What changed has been stored, all of it. */
  stored(): void {
    for (const slot of this.#changed) this.#marks[slot] = 0;
    this.#changed = [];
    this.#released.clear();
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
      const subject = this.#subjects[slot];
      const isOld = FAILURE_KINDS.every((kind) => (this.#rings[kind].newest(slot) ?? Number.NEGATIVE_INFINITY) < time);
      if (isOld && subject !== undefined) this.#release(slot, subject);
      slot = next;
    }
  }

  #fill({ subject, kind, times }: WindowRow): number {
    const slot = this.#slots.get(subject) ?? this.#newSlot(subject);
    this.#touch(slot);
    for (const time of times) this.#insert(this.#rings[kind], slot, time);
    return slot;
  }

  /** True where no failure of the window is newer. */
  #insert(rings: Rings, slot: number, time: Millis): boolean {
    // The slot that is being filled is always the newest, so it is never the one that goes.
    const mayForget = this.#oldest !== this.#newest;
    if (mayForget && this.#nodes.areUsed(this.#maxSubjects * FAILURES_PER_SUBJECT)) this.#forgetOldest();
    return rings.insert(slot, time);
  }

  *#marked(subject: string, marks: number): Generator<WindowRow, void, undefined> {
    for (const [index, kind] of FAILURE_KINDS.entries())
      if ((marks & (1 << index)) !== 0) yield { subject, kind, times: this.times(subject, kind) };
  }

  #mark(slot: number, kind: FailureKind): void {
    const marks = this.#marks[slot] ?? 0;
    if (marks === 0) this.#changed.push(slot);
    this.#marks[slot] = marks | (1 << FAILURE_KINDS.indexOf(kind));
  }

  #newSlot(subject: string): number {
    if (this.#slots.size >= this.#maxSubjects) this.#forgetOldest();
    const slot = this.#freeSlots.pop() ?? this.#subjects.length;
    if (slot === this.#newer.length) {
      this.#newer = grown(this.#newer, slot + 1);
      this.#older = grown(this.#older, slot + 1);
      this.#marks = grown(this.#marks, slot + 1);
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
    for (const [index, kind] of FAILURE_KINDS.entries()) if (this.#rings[kind].empty(slot)) marks |= 1 << index;
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
