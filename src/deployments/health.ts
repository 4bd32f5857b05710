import type { Healthcheck, ServiceSpec } from './port.ts';

export type Health = 'starting' | 'healthy' | 'unhealthy';

/** What probes of one instance have shown. */
export interface HealthTrack {
  health: Health;
  /** Failed probes in a row. */
  failures: number;
  probedAt: number | null;
  detail: string;
}

export const freshTrack: HealthTrack = { health: 'starting', failures: 0, probedAt: null, detail: 'not probed yet' };

/** A service without ports and without a check counts as healthy once it has run this long. */
export const settledAfterMs = 1500;

/**
 * The check of a service: the one it declares, else that its first port accepts connections.
 * Undefined when it has neither: then all that can be said is that it keeps running.
 */
export function checkOf(service: Pick<ServiceSpec, 'healthcheck' | 'ports'>): Healthcheck | undefined {
  if (service.healthcheck) return service.healthcheck;
  if (service.ports.length === 0) return undefined;
  return { test: { kind: 'tcp' }, intervalMs: 5000, timeoutMs: 2000, retries: 3, startPeriodMs: 0 };
}

/**
 * Whether to probe now. An instance that has never been healthy is probed twice a second, so that a rollout does not
 * wait out a long interval; afterwards the declared interval holds.
 */
export function probeDue(track: HealthTrack, check: Healthcheck, now: number): boolean {
  if (track.probedAt === null) return true;
  const interval = track.health === 'healthy' ? check.intervalMs : Math.min(check.intervalMs, 500);
  return now - track.probedAt >= interval;
}

/**
 * What is known after one more probe. An instance that was never healthy stays `starting` however often it fails: the
 * rollout's own deadline ends the wait. One that was turns `unhealthy` after `retries` failures in a row.
 */
export function foldProbe(
  track: HealthTrack,
  result: { healthy: boolean; detail: string },
  check: Healthcheck,
  now: number,
): HealthTrack {
  if (result.healthy) return { health: 'healthy', failures: 0, probedAt: now, detail: result.detail };
  const failures = track.failures + 1;
  const fell = track.health !== 'starting' && failures >= Math.max(1, check.retries);
  return { health: fell ? 'unhealthy' : track.health, failures, probedAt: now, detail: result.detail };
}
