import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../kernel/faults.ts';
import type { Log } from '../platform/observe/log.ts';
import type { TelemetryRecord, TelemetrySink } from '../platform/observe/telemetry-sink.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { Loop } from '../platform/room.ts';
import type { Spool } from '../platform/spool/spool.ts';
import { type ChangeSurroundings, forget, reopenExpired } from './change.ts';
import type { Digest } from './digest.ts';
import { createEventReader, type EventReader } from './event-reader.ts';
import type { RuleBook } from './grouping-rules.ts';
import { storeBatch } from './ingest.ts';
import { roomLimits } from './limits.ts';
import { watchMonitors } from './monitors/watch.ts';
import type { ErrorReception, Outcome, ReceivedEvent, ReceivedItem, ReleaseDeployment } from './port.ts';
import type { Tally } from './reception.ts';
import type { SettingsBook } from './settings/project-settings.ts';
import { adoptLateMaps } from './source-maps/adopt.ts';
import type { MapBook } from './source-maps/map-book.ts';
import { decodeRecord } from './spool-record.ts';
import { countOutcomes } from './store-batch.ts';
import { storeItems } from './store-items.ts';
import { watchEscalation } from './watch-escalation.ts';

export interface WorkerSurroundings extends ChangeSurroundings {
  spool: Spool;
  telemetry: TelemetrySink;
  tally: Tally;
  reception: ErrorReception;
  log: Log;
  /** Grouping rules by project. */
  rules: RuleBook;
  /** Source maps by project. */
  maps: MapBook;
  /** What is filtered and taken out, by project. */
  settings: SettingsBook;
}

type Received = ReceivedEvent | ReceivedItem;

/** How long other work waits at most while events are read (ms). */
const sliceMs = 8;

/** The room's loops: grouping what was accepted, telling telemetry, keeping accounts. */
export function errorsLoops(around: WorkerSurroundings): Loop[] {
  return [
    { name: 'errors.drain', run: (signal) => drain(around, signal) },
    { name: 'errors.outcomes', run: (signal) => every(1000, signal, () => flushOutcomes(around)) },
    { name: 'errors.outbox', run: (signal) => every(15_000, signal, () => replayOutbox(around)) },
    { name: 'errors.monitors', run: (signal) => every(5000, signal, () => watchMonitors(around)) },
    { name: 'errors.maps', run: (signal) => every(5000, signal, () => adoptLateMaps(around)) },
    { name: 'errors.escalation', run: (signal) => every(15_000, signal, () => watchEscalation(around)) },
    { name: 'errors.archive', run: (signal) => every(15_000, signal, () => reopenExpired(around)) },
    {
      name: 'errors.forget',
      run: (signal) => every(3_600_000, signal, () => forget(around.database)),
    },
  ];
}

async function every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work();
    await sleep(ms, undefined, { signal }).catch(() => {});
  }
}

async function drain(around: WorkerSurroundings, signal: AbortSignal): Promise<void> {
  const deployments = createDeploymentCache(around);
  const reader = createEventReader(around);
  await around.spool.drain(
    async (frames, _token, read) => {
      for (const [from, to] of batchesOf(frames)) {
        const records: Received[] = [];
        for (let at = from; at < to; at += 1) {
          records.push((read[at] as ReceivedEvent | undefined) ?? decodeRecord(frames[at]!));
        }
        await digestAndStore(around, reader, deployments, records);
      }
    },
    { signal, batchMs: 100 },
  );
}

/** Events stored together: so many, or so many bytes, since all of them are held until they are stored. */
function* batchesOf(frames: Buffer[]): Generator<[from: number, to: number]> {
  let from = 0;
  let bytes = 0;
  for (const [at, frame] of frames.entries()) {
    if (at > from && (at - from >= roomLimits.batch || bytes + frame.length > roomLimits.batchBytes)) {
      yield [from, at];
      from = at;
      bytes = 0;
    }
    bytes += frame.length;
  }
  if (from < frames.length) yield [from, frames.length];
}

async function digestAndStore(
  around: WorkerSurroundings,
  reader: EventReader,
  deployments: DeploymentCache,
  records: Received[],
): Promise<void> {
  const digests: Digest[] = [];
  const refused: (Outcome & { projectId: string })[] = [];
  const events: ReceivedEvent[] = [];
  const items: ReceivedItem[] = [];
  for (const record of records) {
    if ('kind' in record) items.push(record);
    else events.push(record);
  }
  let sliceStart = performance.now();
  for (const event of events) {
    const read = await reader.read(event).catch((error: unknown) => {
      // Nested deeper than the stack.
      if (error instanceof RangeError) return { refused: { outcome: 'invalid', reason: 'too_deep' } } as const;
      throw error;
    });
    if ('refused' in read) {
      const { outcome, reason } = read.refused;
      refused.push({ projectId: event.projectId, category: 'error', outcome, reason, quantity: 1 });
    } else digests.push(read.digest);
    if (performance.now() - sliceStart > sliceMs) {
      await new Promise((resolve) => setImmediate(resolve));
      sliceStart = performance.now();
    }
  }
  await digestItems(around, items);
  if (digests.length + refused.length === 0) return;
  await deployments.load(digests);
  try {
    await storeAndTell(around, reader, deployments, digests, refused);
  } catch (error) {
    if (!isAboutData(error) || digests.length <= 1) throw error;
    around.log.warn(
      { err: error, events: digests.length },
      'a batch of errors was not stored; trying its events one by one',
    );
    await storeOneByOne(around, reader, deployments, digests, refused);
  }
}

/** Sessions, feedback and files; what PostgreSQL will not have holds nobody else up. */
async function digestItems(around: WorkerSurroundings, items: ReceivedItem[]): Promise<void> {
  if (items.length === 0) return;
  try {
    await storeItems(around.database, items, around.now());
  } catch (error) {
    if (!isAboutData(error)) throw error;
    around.log.warn({ err: error, items: items.length }, 'a batch of items was not stored; trying them one by one');
    for (const item of items) {
      try {
        await storeItems(around.database, [item], around.now());
      } catch (flaw) {
        if (!isAboutData(flaw)) throw flaw;
        const { projectId, kind } = item;
        around.log.error({ err: flaw, projectId, kind }, 'an item could not be stored');
        const refused = { category: kind, outcome: 'invalid', reason: 'not_storable', quantity: 1 } as const;
        around.tally.count(projectId, refused);
      }
    }
  }
}

/** Finds the event that PostgreSQL will not have, so that it holds nobody else up. */
async function storeOneByOne(
  around: WorkerSurroundings,
  reader: EventReader,
  deployments: DeploymentCache,
  digests: Digest[],
  invalid: (Outcome & { projectId: string })[],
): Promise<void> {
  const refused = [...invalid];
  for (const one of digests) {
    try {
      await storeAndTell(around, reader, deployments, [one], []);
    } catch (error) {
      if (!isAboutData(error)) throw error;
      const { projectId, facts } = one;
      around.log.error({ err: error, projectId, eventId: facts.eventId }, 'an error event could not be stored');
      refused.push({ projectId, category: 'error', outcome: 'invalid', reason: 'not_storable', quantity: 1 });
    }
  }
  await countOutcomes(around.database, around.now(), refused);
}

/** Data exceptions and broken constraints (SQLSTATE 22, 23, 54) come again however often one tries. */
function isAboutData(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return error instanceof RangeError || (typeof code === 'string' && /^(22|23|54)\w{3}$/.test(code));
}

async function storeAndTell(
  around: WorkerSurroundings,
  reader: EventReader,
  deployments: DeploymentCache,
  digests: Digest[],
  invalid: (Outcome & { projectId: string })[],
): Promise<void> {
  const { outboxId, records } = await storeBatch(digests, invalid, {
    database: around.database,
    slugOf: around.slugOf,
    deploymentOf: deployments.of,
    bodyOf: reader.bodyOf,
  });
  if (outboxId === null) return;
  try {
    await around.telemetry.write(records, { once: `errors ${outboxId}` });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // It stays in the outbox and is told later.
    around.log.warn({ err: error, records: records.length }, 'telemetry does not take error events now');
    return;
  }
  await around.database.execute(sql`delete from errors_outbox where id = ${outboxId}`);
}

/** Tells telemetry what a crash or a full spool left untold. */
async function replayOutbox(around: WorkerSurroundings): Promise<void> {
  for (;;) {
    const told = await around.database.transaction(async (tx) => {
      const row = await tx.first<{ id: string; records: TelemetryRecord[] }>(sql`
        select id, records from errors_outbox where created_at < now() - interval '30 seconds'
        order by id limit 1 for update skip locked`);
      if (!row) return false;
      await around.telemetry.write(row.records, { once: `errors ${row.id}` });
      await tx.execute(sql`delete from errors_outbox where id = ${row.id}`);
      return true;
    });
    if (!told) return;
  }
}

async function flushOutcomes(around: WorkerSurroundings): Promise<void> {
  const rows = around.tally.take();
  try {
    await countOutcomes(around.database, around.now(), rows);
  } catch (error) {
    for (const { projectId, ...outcome } of rows) around.tally.count(projectId, outcome);
    throw error;
  }
}

interface DeploymentCache {
  load(digests: Digest[]): Promise<void>;
  of(digest: Digest): ReleaseDeployment | undefined;
}

/** Deployments by release and environment; what is known stays known for a minute, what is not for five seconds. */
function createDeploymentCache(around: WorkerSurroundings): DeploymentCache {
  const known = new Map<string, { until: number; deployment: ReleaseDeployment | undefined }>();
  const keyOf = ({ projectId, facts }: Digest): string =>
    `${projectId}\n${facts.release ?? ''}\n${facts.environment ?? ''}`;
  return {
    async load(digests) {
      const { releases } = around;
      if (!releases) return;
      if (known.size > 10_000) known.clear();
      for (const one of digests) {
        const key = keyOf(one);
        const { release, environment } = one.facts;
        if (release === null || (known.get(key)?.until ?? 0) > around.now()) continue;
        let deployment: ReleaseDeployment | undefined;
        try {
          deployment = await releases.deploymentOf(one.projectId, release, environment);
        } catch (error) {
          around.log.warn({ err: error, release, environment }, 'which deployment made a release is not known now');
        }
        known.set(key, { until: around.now() + (deployment ? 60_000 : 5000), deployment });
      }
    },
    of: (one) => known.get(keyOf(one))?.deployment,
  };
}
