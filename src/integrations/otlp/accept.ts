import type { Clock } from '../../kernel/clock.ts';
import type { Json } from '../../kernel/foreign-json.ts';
import { CumulativeState } from '../../platform/observe/cumulative.ts';
import { encodeBytes, encodeNumber } from '../../platform/protobuf/protobuf.ts';
import type { IngestKeys, Intake } from '../../telemetry/port.ts';
import { limits } from './limits.ts';
import type { Signal } from './messages.ts';
import { type Mapped, mapRequest } from './records.ts';

export interface OtlpDependencies {
  telemetry: Intake;
  keys: IngestKeys;
  clock: Clock;
}

const typeOf: Record<Signal, string> = { traces: 'Span', logs: 'Log', metrics: 'Metric' };

/** Takes a decoded export request of a project, however it came; resolves when what could be used is durable. */
export type Accept = (signal: Signal, projectId: string, content: Json) => Promise<Mapped>;

/** Remembers the cumulative series that came its way. */
export function createAccept(deps: OtlpDependencies): Accept {
  const state = new CumulativeState(deps.clock.now(), limits.series);
  return async (signal, projectId, content) => {
    const changes = state.begin();
    const now = deps.clock.now();
    const mapped = mapRequest(signal, content, { projectId, now, maxRecords: limits.records, changes });
    if (mapped.rejected > 0) deps.telemetry.dropped(projectId, typeOf[signal], mapped.reason, mapped.rejected);
    if (mapped.records.length > 0) await changes.keepIf(() => deps.telemetry.write(mapped.records));
    return mapped;
  };
}

/** The answer to an export request in protobuf: empty, or how many items were left out and why. */
export function encodeSuccess({ rejected, reason }: Mapped): Buffer {
  if (rejected === 0) return Buffer.alloc(0);
  return encodeBytes(1, Buffer.concat([encodeNumber(1, rejected), encodeBytes(2, reason)]));
}
