import { setTimeout as sleep } from 'node:timers/promises';
import { system } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import type { Loop } from '../platform/room.ts';
import { judge, type Verdict } from './condition.ts';
import type { AlertsDeps } from './deps.ts';
import { alertEvents } from './events.ts';
import { notify } from './notify.ts';
import type { ProbableCause } from './port.ts';
import {
  type ConditionRow,
  claimConditions,
  closeIncident,
  type IncidentRow,
  insertIncident,
  readCondition,
  saveEvaluation,
  unclosedIncidents,
} from './store-conditions.ts';
import { pruneDeliveries } from './store-deliveries.ts';

export const aboutIncident = (incident: IncidentRow) => ({
  incidentId: incident.id,
  conditionId: incident.conditionId,
  name: incident.name,
  severity: incident.severity,
  facet: incident.facet,
  service: incident.service,
  environment: incident.environment,
});

/** Asks the query of a claimed condition and opens and closes incidents accordingly; an overtaken claim changes nothing. */
export async function evaluateCondition(deps: AlertsDeps, condition: ConditionRow): Promise<void> {
  const now = deps.clock.now();
  const { settings } = condition;
  const scope = { projectId: condition.projectId, windowSeconds: settings.windowSeconds, until: now };
  const rows = await deps.evaluator.evaluate(settings.nrql, scope).catch((error: unknown) => error as Error);
  if (rows instanceof Error) {
    // No answer is not "no data": nothing opens or closes, and people see why.
    if (!(rows instanceof Fault))
      deps.log.error({ err: rows, condition: condition.id }, 'a condition could not be evaluated');
    await saveEvaluation(deps.database, condition, { facets: condition.facets, error: rows.message, now });
    return;
  }
  const verdict = judge(settings, condition.facets, rows, now);
  const causes = await findCauses(deps, condition, verdict, now);
  await deps.database.transaction(async (tx) => {
    const current = await readCondition(tx, condition.id, true);
    if (!current || current.epoch !== condition.epoch) return;
    const unclosed = await unclosedIncidents(tx, condition.id);
    for (const opened of verdict.opened) {
      if (unclosed.some((incident) => incident.facet === opened.facet)) continue;
      await openIncident(deps, tx, condition, opened, causes.get(opened.facet) ?? [], now);
    }
    for (const closed of verdict.closed) {
      const incident = unclosed.find((one) => one.facet === closed.facet);
      if (incident) await endIncident(tx, incident, closed.reason, condition.settings.routes, now);
    }
    await saveEvaluation(tx, condition, { facets: verdict.facets, error: null, now });
  });
}

async function findCauses(
  deps: AlertsDeps,
  condition: ConditionRow,
  verdict: Verdict,
  now: number,
): Promise<Map<string | null, ProbableCause[]>> {
  const found = new Map<string | null, ProbableCause[]>();
  if (!deps.causes) return found;
  const { service, environment } = condition.settings;
  for (const { facet } of verdict.opened) {
    const about = { projectId: condition.projectId, service, environment, facet, at: now };
    const causes = await deps.causes.probableCauses(about).catch((error: unknown) => {
      deps.log.warn({ err: error, condition: condition.id }, 'causes of an incident could not be looked up');
      return [];
    });
    found.set(facet, causes);
  }
  return found;
}

async function openIncident(
  deps: AlertsDeps,
  tx: Transaction,
  condition: ConditionRow,
  opened: Verdict['opened'][number],
  causes: ProbableCause[],
  now: number,
): Promise<void> {
  const { name, severity, service, environment, nrql, routes } = condition.settings;
  const incident: IncidentRow = {
    id: newId(now),
    projectId: condition.projectId,
    conditionId: condition.id,
    name,
    severity,
    facet: opened.facet,
    service,
    environment,
    nrql,
    state: 'open',
    reason: opened.reason,
    value: opened.value,
    openedAt: now,
    acknowledgedAt: null,
    acknowledgedBy: null,
    closedAt: null,
    eventId: '',
  };
  incident.eventId = await appendEvent(tx, alertEvents, 'incident.opened', {
    subject: `incident:${incident.id}`,
    projectId: incident.projectId,
    actor: system('alerts'),
    causes: causes.map((cause) => cause.eventId),
    data: { ...aboutIncident(incident), value: opened.value, nrql, reason: opened.reason },
  });
  await insertIncident(tx, incident);
  const led = [...causes.map((cause) => cause.what), `What led to it: ${deps.publicUrl()}/events/${incident.eventId}`];
  await tellRoutes(tx, incident, routes, { what: 'opened', reason: opened.reason, led }, incident.eventId, now);
}

/** Closes an incident, says so in the log and to those who were told of it. */
export async function endIncident(
  tx: Transaction,
  incident: IncidentRow,
  reason: string,
  routes: ConditionRow['settings']['routes'],
  now: number,
): Promise<void> {
  await closeIncident(tx, incident.id, now);
  const eventId = await appendEvent(tx, alertEvents, 'incident.closed', {
    subject: `incident:${incident.id}`,
    projectId: incident.projectId,
    actor: system('alerts'),
    causes: [incident.eventId],
    data: { ...aboutIncident(incident), durationSeconds: (now - incident.openedAt) / 1000, reason },
  });
  await tellRoutes(tx, incident, routes, { what: 'closed', reason, led: [] }, eventId, now);
}

async function tellRoutes(
  tx: Transaction,
  incident: IncidentRow,
  routes: ConditionRow['settings']['routes'],
  { what, reason, led }: { what: 'opened' | 'closed'; reason: string; led: string[] },
  eventId: string,
  now: number,
): Promise<void> {
  const about = incident.facet === null ? incident.name : `${incident.name}: ${incident.facet}`;
  const place = [incident.service, incident.environment].filter((part) => part !== null).join(' in ');
  for (const { channelId, to } of routes) {
    const wanted = {
      key: eventId,
      kind: 'mail' as const,
      channelId,
      to,
      subject: what === 'opened' ? `[${incident.severity}] ${about}` : `[over] ${about}`,
      text: [reason, place, `Query: ${incident.nrql}`, `Since: ${new Date(incident.openedAt).toISOString()}`, ...led]
        .filter((line) => line !== '')
        .join('\n'),
      payload: { event: `alerts.incident.${what}`, ...aboutIncident(incident), reason, value: incident.value, led },
      causes: [eventId],
      projectId: incident.projectId,
    };
    await notify(tx, wanted, now);
  }
}

const concurrency = 4;
const leaseMs = 30_000;
const pruneEveryMs = 6 * 3_600_000;

/** Evaluates conditions when they are due. Any number of servers may run it. */
export function evaluationLoop(deps: AlertsDeps): Loop {
  return {
    name: 'alerts.conditions',
    async run(signal) {
      let prunedAt = 0;
      while (!signal.aborted) {
        if (Date.now() - prunedAt > pruneEveryMs) {
          prunedAt = Date.now();
          await pruneDeliveries(deps.database);
        }
        const due = await claimConditions(deps.database, concurrency, leaseMs);
        await Promise.all(
          due.map((condition) =>
            evaluateCondition(deps, condition).catch((error) =>
              deps.log.warn({ err: error, condition: condition.id }, 'an evaluation could not be saved'),
            ),
          ),
        );
        if (due.length === 0) await sleep(1000, undefined, { signal }).catch(() => {});
      }
    },
  };
}
