import { createHash } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import { system } from '../kernel/events.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Log } from '../platform/observe/log.ts';
import type { TelemetrySink } from '../platform/observe/telemetry-sink.ts';
import type { Database } from '../platform/postgres/database.ts';
import { applyResult, nextRun, type Standing, type Step } from './check.ts';
import { monitoringEvents } from './events.ts';
import { type Probed, probe } from './probe.ts';
import { addTransition, type CheckRow, readCheck, saveResult } from './store.ts';

export interface RunSurroundings {
  database: Database;
  clock: Clock;
  log: Log;
  telemetry: TelemetrySink;
}

/** The check's share of an interval by which its runs are shifted: always the same for the same check. */
export const phaseOf = (id: string): number => createHash('sha256').update(id).digest().readUInt32BE(0) / 2 ** 32;

export const standingOf = (check: CheckRow): Standing => ({
  state: check.state,
  stateType: check.stateType,
  attempt: check.attempt,
  hardState: check.hardState,
  acknowledged: check.acknowledgement !== null,
});

/**
 * Runs a claimed check, moves its standing, and appends the fact of a hard change. A result whose claim was overtaken (the check was
 * edited, deleted, or taken by another server) is dropped.
 */
export async function runCheck(around: RunSurroundings, check: CheckRow, signal: AbortSignal): Promise<void> {
  const result = await probe(check.target, check.timeoutMs, signal);
  if (signal.aborted) return;
  const now = around.clock.now();
  const step = await around.database.transaction(async (tx) => {
    const current = await readCheck(tx, check.id, true);
    if (!current || current.epoch !== check.epoch) return undefined;
    const moved = applyResult(current, standingOf(current), result);
    const changeEvent = moved.change
      ? await appendEvent(tx, monitoringEvents, 'check.changed', {
          subject: `check:${check.id}`,
          projectId: current.projectId,
          actor: system('monitoring'),
          // A recovery points at the fact it ends.
          causes: current.lastChangeEvent && moved.change.from !== 'ok' ? [current.lastChangeEvent] : [],
          data: { ...aboutCheck(current), ...moved.change, output: result.output },
        })
      : null;
    if (moved.transition) await addTransition(tx, check.id, moved.transition, result.output, now);
    const nextAt = nextRun(current, moved.standing, phaseOf(check.id), now);
    await saveResult(tx, current, moved.standing, { ...result, now, nextAt, changeEvent });
    return moved;
  });
  if (step) await report(around, check, step, result, now);
}

export const aboutCheck = (check: CheckRow) => ({
  checkId: check.id,
  name: check.name,
  service: check.service,
  environment: check.environment,
});

/** Every result goes to telemetry; losing one there must not lose the state. */
async function report(
  around: RunSurroundings,
  check: CheckRow,
  step: Step,
  result: Probed,
  now: number,
): Promise<void> {
  const record = {
    type: 'CheckResult',
    timestamp: now,
    projectId: check.projectId,
    attributes: {
      name: check.name,
      checkId: check.id,
      kind: check.target.kind,
      state: result.state,
      stateType: step.standing.stateType,
      attempt: step.standing.attempt,
      duration: result.durationMs / 1000,
      error: result.state !== 'ok',
      message: result.output,
      service: check.service,
      environment: check.environment,
    },
  };
  await around.telemetry.write([record]).catch((error: unknown) => {
    around.log.warn({ err: error, check: check.id }, 'a check result could not be handed to telemetry');
  });
}
