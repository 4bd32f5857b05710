import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import type { Actor } from '../kernel/events.ts';
import type { Log } from '../platform/observe/log.ts';
import type { TelemetrySink } from '../platform/observe/telemetry-sink.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Room } from '../platform/room.ts';
import { openSpool } from '../platform/spool/spool.ts';
import { createCatalogue } from './catalogue.ts';
import { explainNewIssues } from './causes/explain-new.ts';
import {
  archiveIssue,
  assignIssue,
  attachCause,
  type Cause,
  forgetProject,
  reopenIssue,
  resolveIssue,
} from './change.ts';
import { errorsEvents } from './events.ts';
import { fileDownloads } from './file-downloads.ts';
import { createRuleBook } from './grouping-rules.ts';
import { roomLimits } from './limits.ts';
import { errorsMigrations } from './migrations/index.ts';
import { assignNewIssues } from './owners/assign-new.ts';
import type { OwnerSurroundings } from './owners/find-owner.ts';
import type {
  ChangeLog,
  ErrorCatalogue,
  ErrorReception,
  PeopleDirectory,
  ProjectDirectory,
  ReleaseLookup,
  ReleaseUploads,
  RepositoryReader,
  RunMaps,
} from './port.ts';
import { createReader } from './reader.ts';
import { createReception, createTally } from './reception.ts';
import { endBefore, projectsKnowing, readKnownRelease, tellRelease } from './releases/known-releases.ts';
import { resolveFixed, type ShippedCommit } from './resolve-fixed.ts';
import { errorsRoutes, type RouteSurroundings } from './routes.ts';
import { createSettingsBook } from './settings/project-settings.ts';
import { createMapBook } from './source-maps/map-book.ts';
import { assembleBundle, storeChunk } from './source-maps/store-artifacts.ts';
import { nameMapsOfRun, takeArtifactMaps } from './source-maps/take-artifacts.ts';
import { errorsLoops } from './worker.ts';

export type { Cause } from './change.ts';
export { errorsEvents } from './events.ts';
export { artifactMapLimits, isMapName } from './source-maps/artifact-map.ts';

export interface ErrorsDeps {
  database: Database;
  clock: Clock;
  log: Log;
  /** Events wait in `<dataDir>/spool/errors` until they are grouped. */
  dataDir: string;
  telemetry: TelemetrySink;
  projects: ProjectDirectory;
  people: PeopleDirectory;
  /** Lets issues name the deployment that brought them; without it they do not. */
  releases?: ReleaseLookup | undefined;
  /** Commits and files of projects; without it releases have the commits that are told, and no owners are read from repositories. */
  repositories?: RepositoryReader | undefined;
  /** What happened around errors; without it issues name no more than their deployment and commits. */
  changes?: ChangeLog | undefined;
  /** Throws the refusal of what comes while the disk has no room for it. */
  demandRoom?: (() => void) | undefined;
}

/** The errors room's door. */
export interface Errors {
  /** For protocols: where events are handed over. */
  reception: ErrorReception;
  /** For upload tools: source maps and releases. */
  uploads: ReleaseUploads;
  /** For pipelines: the source maps they leave. */
  runMaps: RunMaps;
  /** For foreign APIs: reading, and working on issues. */
  catalogue: ErrorCatalogue;
  /** Lays an issue at a deployment and commits; idempotent. `causes` are ids of facts, nearest first. */
  attachCause(issueId: string, cause: Cause, causes: string[], actor: Actor): Promise<void>;
  resolve(
    issueId: string,
    how: { in: 'now' | 'release' | 'next-release'; release?: string | undefined },
    actor: Actor,
  ): Promise<void>;
  /** Resolves the issues that a commit says it mends, now that visitors reach its release. `causes` are ids of facts, nearest first. */
  resolveFixed(projectId: string, commit: ShippedCommit, causes: string[]): Promise<void>;
  archive(
    issueId: string,
    until: { untilAt?: number | undefined; untilCount?: number | undefined },
    actor: Actor,
  ): Promise<void>;
  reopen(issueId: string, actor: Actor): Promise<void>;
  assign(issueId: string, personId: string | null, actor: Actor): Promise<void>;
  /** Deletes everything a project sent; telemetry keeps what it was told until its retention ends. */
  forgetProject(projectId: string): Promise<void>;
  room: Room;
  /** Completes what is being written. What was accepted and not yet grouped is grouped after the next start. */
  close(): Promise<void>;
}

/** Builds the room. Opens its spool, so it must be the only process on `dataDir`. */
export async function createErrors(deps: ErrorsDeps): Promise<Errors> {
  const spool = await openSpool({
    directory: join(deps.dataDir, 'spool', 'errors'),
    maxBytes: roomLimits.spoolBytes,
    segmentBytes: 4 * 1024 * 1024,
    log: deps.log,
    demandRoom: deps.demandRoom,
  });
  const tally = createTally();
  const now = (): number => deps.clock.now();
  const slugs = new Map<string, string>();
  // Slugs are for people to read: one that changed shows after a restart.
  const slugOf = async (projectId: string): Promise<string> => {
    const known = slugs.get(projectId) ?? (await deps.projects.find(projectId))?.slug;
    if (known === undefined) return 'issue';
    slugs.set(projectId, known);
    return known;
  };
  const around: RouteSurroundings & OwnerSurroundings = {
    database: deps.database,
    now,
    slugOf,
    people: deps.people,
    releases: deps.releases,
    projects: deps.projects,
    rules: createRuleBook(deps.database, now),
    maps: createMapBook(deps.database, now),
    settings: createSettingsBook(deps.database, now),
    repositories: deps.repositories,
  };
  const reader = createReader(around);
  const reception = createReception({ spool, projects: deps.projects, tally, now });
  return {
    reception,
    uploads: {
      project: (name) => deps.projects.find(name),
      async projectsWith(version) {
        const ids = await projectsKnowing(deps.database, version);
        const found = await Promise.all(ids.map((id) => deps.projects.find(id)));
        return found.filter((project) => project !== undefined);
      },
      storeChunk: (body) => storeChunk(deps.database, body),
      assemble: (order) => assembleBundle(deps.database, order),
      async tell(projectId, version, word) {
        const { range } = word;
        if (!range || !deps.repositories) return tellRelease(deps.database, projectId, version, word);
        const from = range.from === undefined ? await endBefore(deps.database, projectId, version) : range.from;
        const commits = await deps.repositories.commits(projectId, from, range.to);
        return tellRelease(deps.database, projectId, version, { ...word, commits });
      },
      release: (projectId, version) => readKnownRelease(deps.database, projectId, version),
    },
    runMaps: {
      take: (projectId, runId, artifacts) => takeArtifactMaps(deps.database, projectId, runId, artifacts),
      name: (projectId, runId, release) => nameMapsOfRun(deps.database, projectId, runId, release),
    },
    catalogue: createCatalogue(around),
    async attachCause(issueId, cause, causes, actor) {
      await attachCause(around, issueId, cause, causes, actor);
    },
    async resolve(issueId, how, actor) {
      await resolveIssue(around, issueId, how, actor);
    },
    resolveFixed: (projectId, commit, causes) => resolveFixed(around, projectId, commit, causes),
    async archive(issueId, until, actor) {
      await archiveIssue(around, issueId, until, actor);
    },
    async reopen(issueId, actor) {
      await reopenIssue(around, issueId, actor);
    },
    async assign(issueId, personId, actor) {
      await assignIssue(around, issueId, personId, actor);
    },
    forgetProject: (projectId) => forgetProject(deps.database, projectId),
    room: {
      name: 'errors',
      migrations: errorsMigrations,
      events: [errorsEvents],
      contracts: [errorsRoutes(around)],
      intakes: [fileDownloads(deps.database)],
      loops: errorsLoops({ ...around, spool, reception, telemetry: deps.telemetry, tally, log: deps.log }),
      subscriptions: [
        assignNewIssues(around, reader),
        ...(deps.changes ? [explainNewIssues(deps.database, reader, deps.changes)] : []),
      ],
    },
    close: () => spool.close(),
  };
}
