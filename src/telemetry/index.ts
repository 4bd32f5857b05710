import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/faults.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Room } from '../platform/room.ts';
import { openSpool } from '../platform/spool/spool.ts';
import { Accounting } from './accounting.ts';
import { accountsLoop, forgetAccounts } from './accounts.ts';
import type { QueryAnswer } from './api.ts';
import { SeenCatalogue } from './catalogue.ts';
import { telemetryEvents } from './events.ts';
import { createIngest } from './ingest.ts';
import { limits } from './limits.ts';
import { telemetryMigrations } from './migrations/index.ts';
import type { Intake, ProjectNames } from './port.ts';
import { createQuestions, type QueryOptions } from './query.ts';
import { limitIntake } from './quota.ts';
import { telemetryRoutes } from './routes.ts';
import { settingsHandlers } from './settings/handlers.ts';
import { keepLoop } from './settings/keep.ts';
import { createTermsBook, forgetProject } from './settings/project-settings.ts';
import { daysOf, readDays } from './settings/retention.ts';
import { openStore } from './store.ts';
import { LiveTail } from './tail.ts';
import { type Verdict, type VerificationScope, verify } from './verify.ts';
import { drainLoop, forgetLoop, type StoreHealth } from './worker.ts';

export interface TelemetryDependencies {
  database: Database;
  /** `http://user:password@host:port[/database]`, stable over restarts of the store. */
  clickhouseUrl: string;
  /** The program's data directory; the room keeps its spool in `telemetry/` under it. */
  dataDir: string;
  clock: Clock;
  log: Log;
  projects: ProjectNames;
  /** Bound of the spool: what comes in while the store is away. Default 4 GiB. */
  spoolMaxBytes?: number | undefined;
  /** Records a minute that each project may send from outside. */
  recordsPerMinute?: number | undefined;
  /** Throws the refusal of what comes while the disk has no room for it. */
  demandRoom?: (() => void) | undefined;
}

/** Also a TelemetrySink (`write`) for every room, and an Intake for foreign protocols. */
export interface Telemetry extends Intake {
  /** The same for what comes from outside: within the project's quota and the bounds on series, without what the project wants taken out. */
  fromOutside: Intake;
  /** Answers an NRQL text within a scope. Throws an `invalid` Fault that names line and column. */
  query(nrql: string, options: QueryOptions): Promise<QueryAnswer>;
  /** Whether a gate (an NRQL query ending in a comparison) holds for what one release did in one environment. */
  verify(where: string, scope: VerificationScope): Promise<Verdict>;
  /** Checks a query or gate without running it; throws an `invalid` Fault. */
  check(nrql: string): void;
  /** Forgets what a deleted project had set. Its records go when they are too old. */
  forgetProject(projectId: string): Promise<void>;
  /** Resolves once the store is reachable and its schema is up to date. */
  ready(): Promise<void>;
  /** Closes spool and store; what is in the spool stays for the next start. After the loops have ended. */
  close(): Promise<void>;
  room: Room;
}

const patienceMs = 5000;

/** Opens the room: its spool takes records from now on; its loop (`telemetry.drain`) moves them to the store. */
export async function createTelemetry(deps: TelemetryDependencies): Promise<Telemetry> {
  const { clock, log, database } = deps;
  const dataDir = join(deps.dataDir, 'telemetry');
  const spoolMaxBytes = deps.spoolMaxBytes ?? 4 * 1024 ** 3;
  const spool = await openSpool({
    directory: join(dataDir, 'spool'),
    maxBytes: spoolMaxBytes,
    log,
    demandRoom: deps.demandRoom,
  });
  const store = openStore(deps.clickhouseUrl);
  const catalogue = new SeenCatalogue();
  const accounting = new Accounting(clock);
  const tail = new LiveTail();
  const health: StoreHealth = { ready: false, error: null, failingSince: null };
  const ingest = createIngest({ spool, catalogue, accounting, tail, clock });
  const questions = createQuestions(store, catalogue, clock);

  let becomeReady: () => void = () => {};
  const whenReady = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  /** A question in the first seconds waits; later it is told that the store is away. */
  async function readySoon(): Promise<void> {
    if (health.ready) return;
    const patience = new AbortController();
    await Promise.race([whenReady, sleep(patienceMs, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
    if (health.ready) return;
    throw new Fault('unavailable', 'The telemetry store is not ready yet', { code: 'telemetry.store', retryAfter: 5 });
  }

  const intake: Intake = {
    write: ingest.write,
    dropped: (projectId, type, reason, count) => accounting.dropped(projectId, type, reason, count),
  };
  const terms = createTermsBook(database, clock, log);
  const recordsPerMinute = deps.recordsPerMinute ?? limits.recordsPerMinute;
  const fromOutside = limitIntake(intake, clock, { recordsPerMinute, of: terms.termsOf });
  const keep = keepLoop({ database, store, ready: whenReady, clock, log });
  const contract = telemetryRoutes({
    database,
    store,
    questions,
    catalogue,
    accounting,
    tail,
    spool,
    spoolMaxBytes,
    health,
    projects: deps.projects,
    clock,
    startedAt: clock.now(),
    ready: readySoon,
    settings: settingsHandlers({
      database,
      store,
      ready: readySoon,
      projects: deps.projects,
      usage: fromOutside.usage,
      recordsPerMinute,
      terms,
      keepChanged: keep.changed,
    }),
    daysKept: async (type) => daysOf(type, await readDays(database)),
  });
  const drain = drainLoop({ spool, store, catalogue, health, database, clock, log, dataDir, onReady: becomeReady });

  return {
    ...intake,
    fromOutside,
    async query(nrql, options) {
      await readySoon();
      return questions.ask(nrql, options);
    },
    async verify(where, scope) {
      try {
        await readySoon();
      } catch (error) {
        return { verdict: 'unknown', value: null, explanation: (error as Error).message };
      }
      return verify(questions, clock, where, scope);
    },
    check(nrql) {
      questions.compile(nrql, { scope: { projectId: null } });
    },
    ready: () => whenReady,
    async forgetProject(projectId) {
      await forgetProject(database, projectId);
      await forgetAccounts(database, projectId);
    },
    async close() {
      await spool.close();
      await store.close();
    },
    room: {
      name: 'telemetry',
      migrations: telemetryMigrations,
      events: [telemetryEvents],
      contracts: [contract],
      intakes: [],
      loops: [drain, forgetLoop(database), keep.loop, accountsLoop({ database, accounting, clock, log })],
      subscriptions: [],
    },
  };
}
