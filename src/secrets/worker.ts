import { setTimeout as sleep } from 'node:timers/promises';
import type { SecretsDeps } from './deps.ts';
import { forgetAccesses } from './store.ts';

const everyMs = 6 * 3_600_000;
/** Who read what is kept for a year: long enough to answer "what did this run see?" after an incident. */
const keptDays = 365;

export async function forgetOldAccesses(deps: SecretsDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await forgetAccesses(deps.database, keptDays);
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
