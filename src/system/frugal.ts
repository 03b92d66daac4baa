/**
 * Keeps the heap small once it is large: the daemon shares its host with a mail server. V8 lets a heap grow to several
 * times of what is in use before it looks for garbage; that is the fastest way as long as the heap is small, as it is at
 * the start and on most hosts.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** Above this many bytes in use. */
const LARGE = 40 * 1024 * 1024;
/** In percent of what is in use; 0 leaves it to V8. */
const GROWTH = 20;

/** To be called every second or so. */
export class Frugality {
  #isFrugal = false;

  look(): void {
    const isLarge = getHeapStatistics().used_heap_size > LARGE;
    if (isLarge === this.#isFrugal) return;
    this.#isFrugal = isLarge;
    setFlagsFromString(`--heap-growing-percent=${isLarge ? GROWTH : 0}`);
  }
}
