import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createErrors, type Errors } from '../../src/errors/index.ts';
import { errorsMigrations } from '../../src/errors/migrations/index.ts';
import type { ChangeLog, NotedFact, ReceivedEvent, ReleaseDeployment } from '../../src/errors/port.ts';
import { type Clock, systemClock } from '../../src/kernel/clock.ts';
import type { Actor } from '../../src/kernel/events.ts';
import { newId } from '../../src/kernel/ids.ts';
import { runSubscription } from '../../src/platform/events/subscriptions.ts';
import { openLog } from '../../src/platform/observe/log.ts';
import type { TelemetryRecord } from '../../src/platform/observe/telemetry-sink.ts';
import type { Database } from '../../src/platform/postgres/database.ts';
import { callOperation, type OperationInput } from './call-operation.ts';
import { testDatabase } from './postgres.ts';

/** The errors room on a real database, with one project `shop` (ingest id 1, key `k`) and one person. */
export interface ErrorsUnderTest {
  room: Errors;
  database: Database;
  projectId: string;
  jane: Actor;
  deployments: Map<string, ReleaseDeployment>;
  told: TelemetryRecord[];
  /** Files of the project's repository. */
  files: Map<string, string>;
  /** What happened besides, and which tests failed. */
  facts: NotedFact[];
  failures: Awaited<ReturnType<ChangeLog['failuresNaming']>>;
  /** Calls an operation as the server would, the answer checked against the contract. */
  call<Result>(name: string, input?: OperationInput, by?: Actor): Promise<Result>;
  /** An event as a protocol hands it over. */
  received(payload: object, more?: Partial<ReceivedEvent>): ReceivedEvent;
  close(): Promise<void>;
}

export async function errorsUnderTest(clock: Clock = systemClock): Promise<ErrorsUnderTest> {
  const store = await testDatabase(errorsMigrations);
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-errors-'));
  const projectId = newId();
  const project = { id: projectId, slug: 'shop' };
  const jane: Actor = { kind: 'person', id: newId(), name: 'Jane' };
  const deployments = new Map<string, ReleaseDeployment>();
  const told: TelemetryRecord[] = [];
  const files = new Map<string, string>();
  const facts: NotedFact[] = [];
  const failures: ErrorsUnderTest['failures'] = [];
  const room = await createErrors({
    database: store.database,
    clock,
    log: openLog({ level: 'error' }),
    dataDir,
    telemetry: { write: async (records) => void told.push(...records) },
    projects: {
      projectByIngest: async (id) => (id === 1 ? { ...project, publicKey: 'k' } : undefined),
      find: async (name) => (name === 'shop' || name === projectId ? project : undefined),
      list: async () => [
        {
          ...project,
          name: 'Shop',
          ingestId: 1,
          createdAt: 0,
          dsn: 'http://k@localhost/1',
          gitUrl: 'http://localhost/git/shop.git',
        },
      ],
    },
    people: {
      nameOf: async (id) => (id === jane.id ? 'Jane' : undefined),
      byEmail: async (email) => (email === 'jane@shop.example' ? { id: jane.id, name: 'Jane' } : undefined),
    },
    releases: { deploymentOf: async (_, release) => deployments.get(release) },
    changes: { between: async () => facts, failuresNaming: async () => failures },
    repositories: { commits: async () => [], file: async (_, path) => files.get(path) },
  });
  const stop = new AbortController();
  const log = openLog({ level: 'error' });
  const running = [
    ...room.room.loops.map((loop) => loop.run(stop.signal)),
    ...room.room.subscriptions.map((one) => runSubscription(store.database, one, log, stop.signal)),
  ];
  return {
    room,
    database: store.database,
    projectId,
    jane,
    deployments,
    told,
    files,
    facts,
    failures,
    call: (name, input, by = jane) => callOperation(room.room.contracts[0]!, name, input, by),
    received: (payload, more = {}) => ({
      projectId,
      eventId: newId().replaceAll('-', ''),
      receivedAt: clock.now(),
      payload: Buffer.from(JSON.stringify(payload)),
      ...more,
    }),
    async close() {
      stop.abort();
      await Promise.all(running);
      await room.close();
      await store.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Asks again until there is an answer; waits for facts, up to a deadline no machine should need. */
export async function eventually<Result>(
  what: string,
  check: () => Promise<Result | undefined | false | null>,
): Promise<Result> {
  for (let waited = 0; waited < 60_000; waited += 40) {
    const result = await check();
    if (result) return result;
    await sleep(40);
  }
  throw new Error(`never happened: ${what}`);
}
