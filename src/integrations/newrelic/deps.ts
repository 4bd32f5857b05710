import type { ErrorReception } from '../../errors/port.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { IngestKeys, Intake } from '../../telemetry/port.ts';

export interface NewRelicDependencies {
  telemetry: Intake;
  keys: IngestKeys;
  errors: Pick<ErrorReception, 'accept'>;
  clock: Clock;
}
