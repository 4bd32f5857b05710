import type { Verification } from '../../deployments/port.ts';
import type { Telemetry } from '../../telemetry/index.ts';

/** Gates are questions to telemetry about one release in one environment. */
export function verificationOf(telemetry: Telemetry): Verification {
  return { holds: (where, scope) => telemetry.verify(where, scope) };
}
