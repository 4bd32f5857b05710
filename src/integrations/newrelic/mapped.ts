import type { IntakeRecord } from '../../telemetry/port.ts';
import { limits } from './limits.ts';

/** What records are made for. */
export interface Origin {
  projectId: string;
  /** Unix milliseconds; the time of records that say none. */
  now: number;
}

/** Records of one request, and what of it could not be used. */
export class Mapped {
  readonly records: IntakeRecord[] = [];
  /** Reason and number of what was refused. */
  readonly refused = new Map<string, number>();

  add(record: IntakeRecord): void {
    if (this.records.length < limits.records) this.records.push(record);
    else this.refuse(`one request holds at most ${limits.records} records`);
  }

  refuse(reason: string, count = 1): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + count);
  }
}
