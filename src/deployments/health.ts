import type { Healthcheck, ServiceSpec } from './port.ts';

export type Health = 'starting' | 'healthy' | 'unhealthy';

/** What probes of one instance have shown. */
export interface HealthTrack {
  health: Health;
  /** Failed probes in a row. */
  failures: number;
  probedAt: number | null;
  /** How long the last probe took, ms. */
  tookMs: number;
  detail: string;
}

export const freshTrack: HealthTrack = {
  health: 'starting',
  failures: 0,
  probedAt: null,
  tookMs: 0,
  detail: 'not probed yet',
};

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
 * wait out a long interval; afterwards the declared interval holds. Where a probe takes long (a program to start, a busy
 * machine) the next one waits three times as long as that, so that probing does not slow down what it waits for.
 */
export function probeDue(track: HealthTrack, check: Healthcheck, now: number): boolean {
  if (track.probedAt === null) return true;
  const interval =
    track.health === 'healthy' ? check.intervalMs : Math.min(check.intervalMs, Math.max(500, 3 * track.tookMs));
  return now - track.probedAt >= interval;
}

/**
 * What is known after one more probe. An instance that was never healthy stays `starting` however often it fails: the
 * rollout's own deadline ends the wait. One that was turns `unhealthy` after `retries` failures in a row.
 */
export function foldProbe(
  track: HealthTrack,
  result: { healthy: boolean; detail: string; tookMs: number },
  check: Healthcheck,
  now: number,
): HealthTrack {
  const { detail, tookMs } = result;
  if (result.healthy) return { health: 'healthy', failures: 0, probedAt: now, tookMs, detail };
  const failures = track.failures + 1;
  const fell = track.health !== 'starting' && failures >= Math.max(1, check.retries);
  return { health: fell ? 'unhealthy' : track.health, failures, probedAt: now, tookMs, detail };
}
