/** Runs all checks. One that fails or hangs is a finding like others and keeps none of the rest from being told. */
import type { Millis } from '../core/types.ts';
import { messageOf } from '../errors.ts';
import { type Finding, type Observation, warning } from './finding.ts';
import type { Host } from './host.ts';
import type { Check, Situation } from './situation.ts';

const PATIENCE: Millis = 45_000;

/** In the order of the checks. @param patience how long one may take. */
export async function examine(
  checks: readonly Check[],
  host: Host,
  situation: Situation,
  patience: Millis = PATIENCE,
): Promise<readonly Finding[]> {
  const all = checks.map(async (check) => {
    const observations = await observe(check, host, situation, patience);
    return observations.map((observation): Finding => ({ check: check.name, ...observation }));
  });
  return (await Promise.all(all)).flat();
}

async function observe(
  check: Check,
  host: Host,
  situation: Situation,
  patience: Millis,
): Promise<readonly Observation[]> {
  const { promise: late, resolve } = Promise.withResolvers<readonly Observation[]>();
  const timer = setTimeout(
    () => resolve([warning(`This could not be looked at: it took longer than ${patience / 1000} seconds`)]),
    patience,
  );
  try {
    return await Promise.race([check.examine(host, situation), late]);
  } catch (error) {
    return [warning(`This could not be looked at: ${messageOf(error)}`)];
  } finally {
    clearTimeout(timer);
  }
}
