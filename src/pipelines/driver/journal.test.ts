import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JournalReader } from './journal.ts';

const text =
  'b 100.00\nu 1000 1000\nh /home/a b\nw /home/a b/project\ns 1 100.05 77\nr 1 101.00 3\ns 1 102.00 78\ne 1 103.00 0\nk 2\ns 3 103.00 0\ne 3 104.00 1\nx 104.10 1\n';

describe('the journal', () => {
  it('tells times, ends and skips', () => {
    const reader = new JournalReader(() => 1_000_000);
    reader.push(text);
    const { journal } = reader;
    expect(journal).toMatchObject({ begun: true, uid: 1000, home: '/home/a b', workingDirectory: '/home/a b/project' });
    expect(journal.steps.get(1)).toEqual({
      state: 'ended',
      startedAt: 1_000_050,
      endedAt: 1_003_000,
      exitCode: 0,
      group: 78,
      retried: 1,
    });
    expect(journal.steps.get(2)?.state).toBe('skipped');
    expect(journal.ended).toEqual({ at: 1_004_100, failed: true });
  });

  it('is the same however it arrives, and stands any bytes', () => {
    const whole = new JournalReader(() => 5000);
    whole.push(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sizes) => {
        const reader = new JournalReader(() => 5000);
        for (let at = 0, turn = 0; at < text.length; turn += 1) {
          const size = sizes[turn % sizes.length]!;
          reader.push(text.slice(at, at + size));
          at += size;
        }
        expect(reader.journal).toEqual(whole.journal);
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (junk) => new JournalReader(() => 0).push(junk)));
  });

  it('gives whole numbers and real times, whatever a job writes into it', () => {
    const reader = new JournalReader(() => 1_000_000);
    reader.push('b x\nu 1e99 -1\ns 1 1e300 42547.75\ne 1 -5 2.5\ns 1.5 100 7\nk -3\nx 1 1 0\n');
    const { journal } = reader;
    expect([journal.uid, journal.gid]).toEqual([0, 0]);
    expect([...journal.steps]).toEqual([
      [1, { state: 'ended', startedAt: 1_000_000, endedAt: 1_000_000, exitCode: 1, group: 0, retried: 0 }],
    ]);
    expect(journal.ended).toEqual({ at: 1_000_000, failed: true });
  });
});
