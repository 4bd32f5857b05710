import { Fault } from '../../kernel/faults.ts';
import { passedOver, readers } from './agent-data.ts';
import { agentRunOf, originOf, readRunId } from './agent-run.ts';
import { attributesOf } from './attributes.ts';
import { connectAnswer } from './connect.ts';
import type { NewRelicDependencies } from './deps.ts';
import { readTracedErrors } from './traced-errors.ts';

interface Call {
  projectId: string;
  /** The run id the agent names in the query. */
  runId: unknown;
  /** As the agent addressed us; it is told to stay there. */
  host: string;
  /** Unix milliseconds. */
  now: number;
}

/**
 * One call of the collector protocol, version 17, as agents of today make it; resolves to its `return_value`. Throws a Fault:
 * `conflict` makes an agent connect again, `missing` is a method nobody knows.
 */
export async function callAgent(
  method: string,
  payload: unknown,
  call: Call,
  deps: Pick<NewRelicDependencies, 'telemetry' | 'errors'>,
): Promise<unknown> {
  switch (method) {
    case 'preconnect':
      return { redirect_host: call.host, security_policies: {} };
    case 'connect': {
      const run = agentRunOf(payload);
      if (run) return connectAnswer(run);
      throw new Fault('invalid', 'connect names no application', { code: 'newrelic.connect' });
    }
    case 'get_agent_commands':
    case 'shutdown':
      return method === 'shutdown' ? null : [];
  }
  const run = readRunId(call.runId);
  if (!run) throw new Fault('conflict', 'This run is unknown; connect again', { code: 'newrelic.run' });
  const origin = attributesOf(originOf(run));
  const rows: unknown[] = Array.isArray(payload) ? payload : [];
  const at = { projectId: call.projectId, now: call.now };
  if (method === 'error_data') {
    const events = readTracedErrors(rows, at, origin);
    if (events.length > 0) await deps.errors.accept(events);
    return [];
  }
  const reason = passedOver[method];
  if (reason !== undefined) {
    if (!method.startsWith('agent_') && method !== 'update_loaded_modules')
      deps.telemetry.dropped(call.projectId, method, reason, 1);
    return [];
  }
  const read = readers[method];
  if (!read) throw new Fault('missing', `There is no method ${method.slice(0, 100)}`, { code: 'newrelic.method' });
  const mapped = read(rows, at, origin);
  for (const [why, count] of mapped.refused) deps.telemetry.dropped(call.projectId, method, why, count);
  if (mapped.records.length > 0) await deps.telemetry.write(mapped.records);
  return [];
}
