import { describe, expect, it } from 'vitest';
import { foldProbe, freshTrack, probeDue } from './health.ts';
import type { Healthcheck } from './port.ts';

const check: Healthcheck = {
  test: { kind: 'tcp' },
  intervalMs: 10_000,
  timeoutMs: 5000,
  retries: 2,
  startPeriodMs: 0,
};
const probe = (healthy: boolean, tookMs = 20) => ({ healthy, detail: healthy ? 'fine' : 'refused', tookMs });

describe('probes of an instance', () => {
  it('come twice a second until it has been healthy, then at its interval', () => {
    expect(probeDue(freshTrack, check, 0)).toBe(true);
    const failing = foldProbe(freshTrack, probe(false), check, 1000);
    expect(failing.health).toBe('starting');
    expect(probeDue(failing, check, 1499)).toBe(false);
    expect(probeDue(failing, check, 1500)).toBe(true);
    const healthy = foldProbe(failing, probe(true), check, 2000);
    expect(healthy).toMatchObject({ health: 'healthy', failures: 0 });
    expect(probeDue(healthy, check, 11_999)).toBe(false);
    expect(probeDue(healthy, check, 12_000)).toBe(true);
  });

  it('leave a busy machine room, but never more than the declared interval', () => {
    const slow = foldProbe(freshTrack, probe(false, 800), check, 1000);
    expect(probeDue(slow, check, 3399)).toBe(false);
    expect(probeDue(slow, check, 3400)).toBe(true);
    const stuck = foldProbe(freshTrack, probe(false, 60_000), check, 1000);
    expect(probeDue(stuck, check, 11_000)).toBe(true);
  });

  it('make it unhealthy after as many failures in a row as the check allows, once it was healthy', () => {
    const healthy = foldProbe(freshTrack, probe(true), check, 0);
    const once = foldProbe(healthy, probe(false), check, 1);
    expect(once.health).toBe('healthy');
    expect(foldProbe(once, probe(false), check, 2).health).toBe('unhealthy');
  });
});
