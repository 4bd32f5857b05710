import { join } from 'node:path';
import { createAgents } from '../agents/index.ts';
import { type Alerts, createAlerts } from '../alerts/index.ts';
import { createDashboards } from '../dashboards/index.ts';
import { createDeployments, type Deployments } from '../deployments/index.ts';
import { createErrors } from '../errors/index.ts';
import { createIdentity, type Identity } from '../identity/index.ts';
import { createInsights } from '../insights/index.ts';
import { createBrowserIntake } from '../integrations/browser/index.ts';
import { createCircleciDialect, orbSources } from '../integrations/circleci/index.ts';
import { composeLoader } from '../integrations/compose/loader.ts';
import { gitea } from '../integrations/gitea/index.ts';
import { github } from '../integrations/github/index.ts';
import { gitlab } from '../integrations/gitlab/index.ts';
import { createLokiIntake } from '../integrations/loki/index.ts';
import { mailNotifier } from '../integrations/mail/notifier.ts';
import { createNagiosIntake } from '../integrations/nagios/index.ts';
import { createNewRelicIntake } from '../integrations/newrelic/index.ts';
import { createOtlpGrpcIntake } from '../integrations/otlp/grpc.ts';
import { createOtlpIntake } from '../integrations/otlp/index.ts';
import { createPrometheusIntake } from '../integrations/prometheus/index.ts';
import { createSentryApi, createSentryIntake } from '../integrations/sentry/index.ts';
import { webhookNotifier } from '../integrations/webhook/notifier.ts';
import { systemClock } from '../kernel/clock.ts';
import { createMonitoring } from '../monitoring/index.ts';
import { createPipelines, createSources } from '../pipelines/index.ts';
import { openKeyring } from '../platform/crypto/keyring.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { DiskRoom } from '../platform/files/disk-room.ts';
import type { HttpIntake } from '../platform/http/contract.ts';
import type { Gatekeeper } from '../platform/http/server.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Launcher } from '../platform/process/launcher.ts';
import type { Loop, Room } from '../platform/room.ts';
import { createProjects, type Projects } from '../projects/index.ts';
import { createMasker, createSecrets, type Secrets } from '../secrets/index.ts';
import { createTelemetry } from '../telemetry/index.ts';
import type { PlacedSocket } from './open-sockets.ts';
import { causeFinderOf } from './plugs/cause-finder.ts';
import { changeLogOf } from './plugs/change-log.ts';
import { evaluatorOf } from './plugs/evaluator.ts';
import { executorsOf } from './plugs/executors.ts';
import { hidingIntake, hidingReception } from './plugs/hide-secrets.ts';
import { intakeAddressesOf } from './plugs/intake-addresses.ts';
import { repositoryReaderOf } from './plugs/repository-reader.ts';
import { runtimesOf } from './plugs/runtimes.ts';
import { scrapingOf } from './plugs/scraping.ts';
import { socketsOf } from './plugs/sockets.ts';
import { verificationOf } from './plugs/verification.ts';
import type { Settings } from './settings.ts';
import { wireFlows } from './wire-flows.ts';

export interface HouseDependencies {
  database: Database;
  clickhouseUrl: string;
  launcher: Launcher;
  log: Log;
  settings: Settings;
  serverId: string;
  /** How people reach the server. */
  publicUrl: () => string;
  /** Port of the listener that deployed services reach; known before anything is deployed. */
  intakePort: () => number;
  /** Room on the disk of the data directory; without it nobody asks. */
  disk?: Pick<DiskRoom, 'demand' | 'enough' | 'ranOut'> | undefined;
  /** The built script for pages of products. */
  browserScript: string;
  /** Registers what must be closed when the program stops; the last one registered is closed first. */
  onStop: (name: string, undo: () => Promise<unknown>) => void;
}

/** Every room with its ports plugged, and the flows between them. */
export interface House {
  identity: Identity;
  projects: Projects;
  deployments: Deployments;
  alerts: Alerts;
  rooms: Room[];
  /** Foreign protocols that belong to no single room. */
  intakes: HttpIntake[];
  /** Foreign protocols with ports of their own. */
  sockets: PlacedSocket[];
  flows: Subscription[];
  /** Loops that belong to no single room. */
  loops: Loop[];
}

/** Builds the rooms in the order of their dependencies. Nothing runs yet. */
export async function buildHouse(deps: HouseDependencies): Promise<House> {
  const { database, publicUrl, settings, serverId, onStop } = deps;
  const { dataDir } = settings;
  // What every server on this database must be able to read; spools and processes are each server's own.
  const sharedDir = settings.sharedDir ?? dataDir;
  const clock = systemClock;
  const demandRoom = deps.disk && ((): void => deps.disk?.demand());
  const diskRanOut =
    deps.disk && (async (since: number): Promise<boolean> => (await deps.disk?.ranOut(since)) ?? false);
  const hasRoom = deps.disk && ((): boolean => deps.disk?.enough() ?? true);
  const of = (room: string): { database: Database; clock: typeof clock; log: Log } => ({
    database,
    clock,
    log: deps.log.child({ room }),
  });

  const keyring = await openKeyring({
    directory: join(sharedDir, 'keys'),
    environmentKey: process.env.MILLRACE_KEY,
  });
  const identity = createIdentity({ ...of('identity'), publicUrl });
  // Secrets belong to projects, and remotes of projects need a secret: the later of the two is asked for when it is needed.
  const late: { secrets?: Secrets } = {};
  const projects = createProjects({
    ...of('projects'),
    dataDir: sharedDir,
    publicUrl,
    identity,
    keyring,
    forges: [github, gitlab, gitea],
    demandRoom,
    remoteTokens: { read: async (projectId, name) => late.secrets?.read(projectId, name) },
  });
  const secrets = createSecrets({ ...of('secrets'), keyring, projects, publicUrl });
  late.secrets = secrets;

  const telemetry = await createTelemetry({
    ...of('telemetry'),
    clickhouseUrl: deps.clickhouseUrl,
    dataDir,
    demandRoom,
    recordsPerMinute: settings.quota,
    projects: { idOf: async (idOrSlug) => (await projects.find(idOrSlug))?.id },
  });
  onStop('telemetry', () => telemetry.close());

  const agents = createAgents({
    database,
    log: of('agents').log,
    serverId,
    slots: settings.jobSlots,
    hasRoom,
    workload: () => pipelines.workload,
  });
  const executors = executorsOf(settings, serverId);
  const pipelines = createPipelines({
    ...of('pipelines'),
    dataDir: sharedDir,
    telemetry,
    dispatch: agents,
    sources: createSources(projects, publicUrl),
    secrets,
    tokens: { issue: (subject, token) => secrets.jobToken(subject, token) },
    createMasker,
    dialects: [createCircleciDialect(orbSources(process.env, { cacheDir: join(sharedDir, 'pipelines', 'orbs') }))],
    executors,
    publicUrl,
    diskRanOut,
    keepDays: settings.keepDays,
    policy: async (projectId) => ({
      autoCancel: (await projects.find(projectId))?.settings.autoCancel ?? false,
      // Who asks for containers by name is not given the bare machine instead.
      ...(settings.runtime === 'docker' ? { allowHostFallback: false } : {}),
    }),
  });

  // What services say and are asked may hold the secrets they were given.
  const sent = hidingIntake(telemetry.fromOutside, secrets.maskerOf);
  const deployments = createDeployments({
    ...of('deployments'),
    dataDir: sharedDir,
    telemetry: sent,
    runtimes: runtimesOf({
      settings,
      launcher: deps.launcher,
      log: of('deployments').log,
      installation: serverId,
    }),
    loader: composeLoader,
    verification: verificationOf(telemetry, database),
    intake: intakeAddressesOf(projects, deps.intakePort),
    commits: projects,
    keepReleases: settings.keepReleases,
    hasRoom,
    secrets: {
      forEnvironment: (request) => secrets.forEnvironment(request),
      createMasker: (values) => createMasker([...values]),
    },
    serverId,
  });
  onStop('deployments', () => deployments.close(5000));

  const errors = await createErrors({
    ...of('errors'),
    dataDir,
    telemetry,
    projects: {
      find: (idOrSlug) => projects.find(idOrSlug),
      projectByIngest: (ingestId) => projects.projectByIngest(ingestId),
      list: async () =>
        Promise.all(
          (await projects.list()).map(async (project) => ({
            ...project,
            dsn: await projects.dsn(project.id, publicUrl()),
            gitUrl: `${publicUrl()}/git/${project.slug}.git`,
          })),
        ),
    },
    people: {
      nameOf: async (personId) => (await identity.person(personId))?.name,
      byEmail: (email) => identity.personByEmail(email),
    },
    releases: deployments,
    repositories: repositoryReaderOf(projects),
    changes: changeLogOf(database, pipelines.failuresNaming),
    demandRoom,
  });
  onStop('errors', () => errors.close());

  const monitoring = createMonitoring({ ...of('monitoring'), telemetry, projects });
  const alerts = createAlerts({
    ...of('alerts'),
    keyring,
    owner: serverId,
    evaluator: evaluatorOf(telemetry),
    notifiers: [mailNotifier(), webhookNotifier()],
    projects,
    causes: causeFinderOf(database),
    publicUrl,
  });
  const dashboards = createDashboards({ database, projects });
  const insights = createInsights({ database, log: of('insights').log });
  const reception = hidingReception(errors.reception, secrets.maskerOf);
  const keys = { projectOfKey: async (key: string) => (await projects.projectByKey(key))?.id };

  return {
    identity,
    projects,
    deployments,
    alerts,
    rooms: [
      identity,
      projects,
      secrets,
      telemetry,
      agents,
      pipelines,
      deployments,
      errors,
      monitoring,
      alerts,
      dashboards,
      insights,
    ].map(({ room }) => room),
    intakes: [
      createSentryIntake({ reception, telemetry: sent, clock, log: of('sentry').log }),
      createSentryApi({ uploads: errors.uploads, catalogue: errors.catalogue, clock, log: of('sentry').log }),
      createOtlpIntake({ telemetry: sent, clock, keys, errors: reception }),
      createPrometheusIntake({ telemetry: sent, clock, keys }),
      createLokiIntake({ telemetry: sent, clock, keys }),
      createNagiosIntake({ telemetry: sent, keys }),
      createBrowserIntake({ telemetry: sent, errors: reception, clock, keys, scriptFile: deps.browserScript }),
      createNewRelicIntake({ telemetry: sent, clock, keys, errors: reception }),
    ],
    sockets: [
      {
        intake: createOtlpGrpcIntake({ telemetry: sent, clock, keys, errors: reception }),
        at: settings.otlpGrpcPort,
        variable: 'MILLRACE_OTLP_GRPC_PORT',
      },
      ...socketsOf(settings, sent, projects),
    ],
    loops: [scrapingOf({ settings, telemetry: sent, deployments, projects, database, log: of('prometheus').log })],
    flows: wireFlows({
      identity,
      projects,
      secrets,
      pipelines,
      deployments,
      errors,
      monitoring,
      alerts,
      dashboards,
      telemetry,
      clock,
      publicUrl,
    }),
  };
}

/** Who may do what, as the HTTP server asks it. */
export const gatekeeperOf = (identity: Identity): Gatekeeper => ({
  authenticate: (request) => identity.authenticate(request),
  authorize: identity.authorize,
});
