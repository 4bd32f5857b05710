import type { ErrorReception, ReceivedEvent } from '../../errors/port.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Json } from '../../kernel/foreign-json.ts';
import { CumulativeState } from '../../platform/observe/cumulative.ts';
import { encodeBytes, encodeNumber } from '../../platform/protobuf/protobuf.ts';
import type { IngestKeys, Intake } from '../../telemetry/port.ts';
import { eventsOf } from './exceptions.ts';
import { limits } from './limits.ts';
import type { Signal } from './messages.ts';
import { type Mapped, mapRequest } from './records.ts';

export interface OtlpDependencies {
  telemetry: Intake;
  keys: IngestKeys;
  clock: Clock;
  /** Where exceptions become issues; without it they stay attributes of their spans. */
  errors?: Pick<ErrorReception, 'accept' | 'limited' | 'count'> | undefined;
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
    if (deps.errors) await tell(deps.errors, eventsOf(mapped.exceptions, projectId, now), projectId, now);
    if (mapped.records.length > 0) await changes.keepIf(() => deps.telemetry.write(mapped.records));
    return mapped;
  };
}

/** Before the telemetry is written: what is sent again after a refusal has the same ids, and counts once. */
async function tell(
  errors: Pick<ErrorReception, 'accept' | 'limited' | 'count'>,
  events: ReceivedEvent[],
  projectId: string,
  now: number,
): Promise<void> {
  if (events.length === 0) return;
  if (errors.limited(projectId, now).some(({ category }) => category === 'error')) {
    const reason = 'ratelimit_backoff';
    errors.count(projectId, { category: 'error', outcome: 'limited', reason, quantity: events.length });
  } else await errors.accept(events);
}

/** The answer to an export request in protobuf: empty, or how many items were left out and why. */
export function encodeSuccess({ rejected, reason }: Mapped): Buffer {
  if (rejected === 0) return Buffer.alloc(0);
  return encodeBytes(1, Buffer.concat([encodeNumber(1, rejected), encodeBytes(2, reason)]));
}
