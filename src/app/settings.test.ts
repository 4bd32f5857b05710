import { describe, expect, it } from 'vitest';
import { Fault } from '../kernel/faults.ts';
import { readSettings } from './settings.ts';

describe('settings', () => {
  it('has a default for everything', () => {
    const settings = readSettings({});
    expect(settings.port).toBe(7400);
    expect(settings.gatewayPort).toBe(7480);
    expect(settings.host).toBe('127.0.0.1');
    expect(settings.databaseUrl).toBeUndefined();
  });

  it('names every mistake at once', () => {
    const read = () =>
      readSettings({ MILLRACE_PORT: 'seven', DATABASE_URL: 'mysql://x', MILLRACE_RUNTIME: 'lxc', MILLRACE_JOBS: '-1' });
    expect(read).toThrow(Fault);
    try {
      read();
    } catch (error) {
      expect((error as Fault).problems.map((problem) => problem.file)).toEqual([
        'MILLRACE_JOBS',
        'MILLRACE_PORT',
        'DATABASE_URL',
        'MILLRACE_RUNTIME',
      ]);
    }
  });
});
