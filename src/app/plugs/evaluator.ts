import type { Evaluator } from '../../alerts/port.ts';
import type { Telemetry } from '../../telemetry/index.ts';

/** Answers the questions of alert conditions from telemetry: the first number of each row is the value, the facets its name. */
export function evaluatorOf(telemetry: Telemetry): Evaluator {
  return {
    async evaluate(nrql, { projectId, windowSeconds, until }) {
      const answer = await telemetry.query(nrql, {
        scope: { projectId },
        now: until,
        window: { since: until - windowSeconds * 1000, until },
        seconds: 8,
      });
      const valueAt = answer.columns.findIndex((column) => column.role === 'value');
      const facetsAt = answer.columns.flatMap((column, index) => (column.role === 'facet' ? [index] : []));
      return answer.rows.map((row) => {
        const value = row[valueAt];
        return {
          facet: facetsAt.length === 0 ? null : facetsAt.map((index) => String(row[index] ?? '(none)')).join(', '),
          value: typeof value === 'number' ? value : null,
        };
      });
    },
  };
}
