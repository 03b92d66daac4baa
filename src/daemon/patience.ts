/** How long somebody waits for the firewall: one that fails is tried again and again, and nothing else is to hang on it. */
import type { Millis } from '../core/types.ts';
import type { EnforcerQueue } from '../enforce/queue.ts';

const PATIENCE: Millis = 5_000;

/** Resolves when everything pushed so far has been carried out, or when it is no use to wait any longer. */
export async function waitUntilCarriedOut(
  queues: readonly EnforcerQueue[],
  patience: Millis = PATIENCE,
): Promise<void> {
  const { promise: tooLate, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, patience);
  await Promise.race([Promise.all(queues.map((queue) => queue.idle())), tooLate]);
  clearTimeout(timer);
}
