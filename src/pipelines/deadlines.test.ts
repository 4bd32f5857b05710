import { describe, expect, it } from 'vitest';
import { cleanupGraceMs, intervene, mostOutputBytes, stopGraceMs, type Watch } from './deadlines.ts';

const step = { number: 3, startedAt: 1000, lastOutputAt: 0, noOutputTimeoutMs: 600_000, outputBytes: 0 };
const watch: Watch = { jobStartedAt: 0, jobTimeoutMs: 3_600_000, cancelRequested: false, step };

describe('interventions', () => {
  it('leave a job alone that does well', () => {
    expect(intervene(watch, 500_000)).toBeUndefined();
  });

  it('end a silent step, first politely', () => {
    expect(intervene(watch, 601_001)).toMatchObject({ kind: 'ask-step', step: 3 });
    expect(intervene({ ...watch, step: { ...step, lastOutputAt: 300_000 } }, 601_001)).toBeUndefined();
    const asked = { ...watch, step: { ...step, asked: { at: 601_001, killed: false } } };
    expect(intervene(asked, 601_001 + stopGraceMs)).toBeUndefined();
    expect(intervene(asked, 601_002 + stopGraceMs)).toEqual({ kind: 'kill-step', step: 3 });
  });

  it('end a step that prints without end', () => {
    expect(intervene({ ...watch, step: { ...step, outputBytes: mostOutputBytes + 1 } }, 2000)).toMatchObject({
      kind: 'ask-step',
    });
  });

  it('stop a job that was canceled or takes too long', () => {
    expect(intervene({ ...watch, cancelRequested: true }, 2000)).toEqual({ kind: 'stop-job', why: 'canceled' });
    expect(intervene({ ...watch, jobTimeoutMs: 1000 }, 2000)).toEqual({ kind: 'stop-job', why: 'timeout' });
  });

  it('give cleaning steps their time, and then no more', () => {
    const stopping: Watch = { ...watch, cancelRequested: true, stopping: { at: 2000, why: 'canceled', killed: false } };
    expect(intervene(stopping, 3000)).toBeUndefined();
    expect(intervene(stopping, 2001 + stopGraceMs)).toEqual({ kind: 'kill-step', step: 3 });
    const cleaning: Watch = { ...stopping, step: { ...step, startedAt: 2500 } };
    expect(intervene(cleaning, 2001 + stopGraceMs)).toBeUndefined();
    expect(intervene(cleaning, 2001 + stopGraceMs + cleanupGraceMs)).toEqual({ kind: 'destroy' });
  });
});
