import type { Clock } from '../kernel/clock.ts';
import type { Accounting } from './accounting.ts';
import type { SeenCatalogue } from './catalogue.ts';
import { FrameEncoder } from './frames.ts';
import { limits } from './limits.ts';
import type { Intake, IntakeRecord } from './port.ts';
import type { LiveTail } from './tail.ts';

/** Where frames become durable. */
export interface FrameSpool {
  append(frame: Buffer): Promise<void>;
}

/** Records are cut into frames of so many, and others get their turn between two frames. */
const recordsPerTurn = 2000;

/**
 * Takes records in: encodes, makes durable, then counts them and shows them to those who follow. When the spool refuses,
 * the refusal (with its retry time) goes to the sender and nothing of that frame was accepted.
 */
export function createIngest(deps: {
  spool: FrameSpool;
  catalogue: SeenCatalogue;
  accounting: Accounting;
  tail: LiveTail;
  clock: Clock;
}): Pick<Intake, 'write'> {
  const { spool, catalogue, accounting, tail, clock } = deps;
  const encoder = new FrameEncoder(catalogue);

  async function writeFrame(records: readonly IntakeRecord[], once: string | undefined): Promise<void> {
    const numbered: { record: IntakeRecord; seq: number }[] | undefined = tail.busy ? [] : undefined;
    const refusals: { record: IntakeRecord; reason: string }[] = [];
    const frame = encoder.encode(
      records,
      clock.now(),
      (record, reason) => refusals.push({ record, reason }),
      numbered && ((record, seq) => numbered.push({ record, seq })),
      once,
    );
    try {
      if (frame.buffer.length > 0) await spool.append(frame.buffer);
    } catch (error) {
      catalogue.returnNews(frame.news);
      for (const [, { projectId, type, count }] of countByType(records)) {
        accounting.dropped(projectId, type, 'the spool refused; the sender was told to come back', count);
      }
      throw error;
    }
    for (const [, { projectId, type, count }] of countByType(records)) accounting.accepted(projectId, type, count);
    for (const { record, reason } of refusals) accounting.dropped(record.projectId, record.type, reason, 1);
    if (numbered) tail.publish(numbered);
  }

  return {
    async write(records, options = {}) {
      const { once } = options;
      if (records.length <= recordsPerTurn) return await writeFrame(records, once);
      const frames: Promise<void>[] = [];
      for (let at = 0; at < records.length; at += recordsPerTurn) {
        const part = once === undefined ? undefined : `${once} ${at}`;
        frames.push(writeFrame(records.slice(at, at + recordsPerTurn), part));
        if (frames.length * recordsPerTurn >= limits.recordsPerFrame) await Promise.all(frames.splice(0));
        await new Promise(setImmediate);
      }
      await Promise.all(frames);
    },
  };
}

function countByType(
  records: readonly IntakeRecord[],
): Map<string, { projectId: string | null; type: string; count: number }> {
  const counts = new Map<string, { projectId: string | null; type: string; count: number }>();
  for (const { projectId, type } of records) {
    const key = `${projectId ?? ''} ${type}`;
    const known = counts.get(key);
    if (known) known.count += 1;
    else counts.set(key, { projectId, type, count: 1 });
  }
  return counts;
}
