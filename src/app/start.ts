import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { systemClock } from '../kernel/clock.ts';
import { eventMigrations } from '../platform/events/log.ts';
import { runSubscription } from '../platform/events/subscriptions.ts';
import { openDataDirectory } from '../platform/files/data-directory.ts';
import { watchDisk } from '../platform/files/disk-room.ts';
import { healthRoutes } from '../platform/http/health.ts';
import { idempotencyMigrations } from '../platform/http/idempotency.ts';
import { createHttpServer, createIntakeServer } from '../platform/http/server.ts';
import { serveWebApp } from '../platform/http/web-app.ts';
import { jobMigrations, releaseOwned } from '../platform/jobs/queue.ts';
import { openLog } from '../platform/observe/log.ts';
import { openDatabase } from '../platform/postgres/database.ts';
import { migrate } from '../platform/postgres/migrations.ts';
import { endPreviousLauncher, openLauncher } from '../platform/process/launcher.ts';
import { freePort } from '../platform/sockets/free-port.ts';
import { containerIntake } from './container-intake.ts';
import { frontDoor } from './front-door.ts';
import { listening } from './listening.ts';
import { openSockets } from './open-sockets.ts';
import { containerBridgeAddress } from './plugs/intake-addresses.ts';
import type { Progress } from './progress.ts';
import { buildHouse, gatekeeperOf, type House } from './rooms.ts';
import { readServerId } from './server-id.ts';
import type { Settings } from './settings.ts';
import { startStores } from './stores.ts';
import { createSupervisor, type LoopHealth } from './supervisor.ts';
import { certificateOf, closeTlsServer, createTlsServer } from './tls.ts';
import { version } from './version.ts';

export interface Running {
  /** Where people and programs reach the server. */
  url: string;
  /** Where deployed applications are reached. */
  gatewayUrl: string;
  /** Signs the owner in; null once there is one. */
  ownerLink: string | null;
  house: House;
  health(): LoopHealth[];
  /** Closes listeners, lets loops finish what they are at, stops the stores. Calling it again waits for the same stop. */
  stop(): Promise<void>;
}

const loopGraceMs = 8_000;

/** Undone in reverse order, each under a name, so that one that fails does not keep the others from being undone. */
type Undo = { name: string; undo: () => Promise<unknown> };

/** Brings the whole program up. What was started is stopped again when a later step fails. */
export async function start(settings: Settings, progress: Progress): Promise<Running> {
  const undos: Undo[] = [];
  const directory = await openDataDirectory(settings.dataDir);
  undos.push({ name: 'data directory', undo: () => directory.release() });
  const log = openLog({ level: settings.logLevel, path: join(directory.path, 'log', 'server.log') });
  const undoAll = async (): Promise<void> => {
    for (const { name, undo } of undos.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        log.error({ err: error, what: name }, 'could not be stopped cleanly');
      }
    }
  };
  try {
    const disk = await watchDisk({ directory: directory.path, now: systemClock.now, log });
    const launcherDirectory = join(directory.path, 'launcher');
    await mkdir(launcherDirectory, { recursive: true, mode: 0o700 });
    const previous = endPreviousLauncher(launcherDirectory).catch((error: unknown) => {
      log.warn({ err: error }, 'cannot tell whether a killed server left something running');
      return false;
    });
    const stores = await startStores(settings, log, progress);
    undos.push({ name: 'stores', undo: stores.stop });
    if (await previous) log.warn('waited for what a killed server had left running');
    const launcher = openLauncher({ log: log.child({ room: 'launcher' }), directory: launcherDirectory });
    undos.push({ name: 'launcher', undo: () => launcher.close() });
    const database = openDatabase(stores.databaseUrl, {
      max: 16,
      onError: (error) => log.warn({ err: error }, 'a connection to PostgreSQL was lost'),
    });
    undos.push({ name: 'database', undo: () => database.close() });

    // Rooms print addresses into jobs and services, so the ports are settled before they are built.
    const port = settings.port || (await freePort());
    const intakePort = settings.intakePort || (await freePort());
    const publicUrl = (): string => settings.publicUrl ?? `http://localhost:${port}`;
    const serverId = await readServerId(directory.path);
    const house = await buildHouse({
      database,
      clickhouseUrl: stores.clickhouseUrl,
      launcher,
      log,
      settings,
      serverId,
      publicUrl,
      intakePort: () => intakePort,
      browserScript: join(builtDirectory('browser'), 'millrace.js'),
      disk,
      onStop: (name, undo) => undos.push({ name, undo }),
    });
    await progress.step('Schema', async () => {
      await migrate(database, [
        ...eventMigrations,
        ...idempotencyMigrations,
        ...jobMigrations,
        ...house.rooms.flatMap((room) => room.migrations),
      ]);
      await releaseOwned(database, serverId);
      await house.alerts.configureMail(settings.mailServer);
    });

    const health = healthRoutes({ database, disk, now: systemClock.now });
    const contracts = [...house.rooms.flatMap((room) => room.contracts), health];
    const intakes = [...house.rooms.flatMap((room) => room.intakes), ...house.intakes];
    const app = await createHttpServer({
      database,
      log,
      gatekeeper: gatekeeperOf(house.identity),
      contracts,
      intakes,
      version,
      stallMs: settings.stallMs,
    });
    await serveWebApp(app, builtDirectory('web'));
    const intakeServer = await createIntakeServer({ log, intakes, stallMs: settings.stallMs });
    undos.push({ name: 'http', undo: () => app.close() });
    undos.push({ name: 'intake', undo: () => intakeServer.close() });

    const hasOwner = await house.identity.ownerExists();
    // Nobody may claim the installation from another machine: until an owner exists it listens on loopback only.
    await listen(app, hasOwner ? settings.host : '127.0.0.1', port, 'MILLRACE_PORT');
    await listen(intakeServer, '127.0.0.1', intakePort, 'MILLRACE_INTAKE_PORT');
    const tlsServer = createTlsServer(
      app,
      await certificateOf(settings, directory.path, systemClock),
      settings.stallMs,
    );
    undos.push({ name: 'http over TLS', undo: () => closeTlsServer(tlsServer) });
    await listenOn(tlsServer, hasOwner ? settings.host : '127.0.0.1', settings.tlsPort, 'MILLRACE_TLS_PORT');
    const bridgeAddress = async (): Promise<string | undefined> =>
      settings.runtime === 'process' ? undefined : containerBridgeAddress();
    const forContainers = containerIntake({
      bridgeAddress,
      name: 'intake',
      async listen(address) {
        const server = await createIntakeServer({ log, intakes, stallMs: settings.stallMs });
        try {
          await server.listen({ host: address, port: intakePort });
        } catch (error) {
          await server.close();
          throw error;
        }
        return server;
      },
      log,
    });
    undos.push({ name: 'intake for containers', undo: () => forContainers.close() });
    await forContainers.look();
    const sockets = await openSockets({ sockets: house.sockets, host: settings.host, bridgeAddress, log });
    undos.push({ name: 'other protocols', undo: sockets.close });
    const gatewayPort = await house.deployments.gateway.listen(settings.gatewayPort, settings.host);

    const supervisor = createSupervisor(systemClock, log);
    undos.push({ name: 'loops', undo: () => supervisor.stop(loopGraceMs) });
    for (const loop of [...house.rooms.flatMap((room) => room.loops), ...house.loops]) supervisor.start(loop);
    supervisor.start(disk.loop);
    supervisor.start(forContainers.loop);
    for (const loop of sockets.loops) supervisor.start(loop);
    if (!hasOwner) {
      const { ownerExists } = house.identity;
      supervisor.start(
        frontDoor({ listeners: [app.server, tlsServer], host: settings.host, database, ownerExists, log }),
      );
    }
    for (const subscription of [...house.rooms.flatMap((room) => room.subscriptions), ...house.flows]) {
      supervisor.start({
        name: `subscription.${subscription.name}`,
        run: (signal) => runSubscription(database, subscription, log, signal),
      });
    }
    await directory.announce(publicUrl());
    const ownerLink = hasOwner ? null : await house.identity.createOwnerLink();
    log.info({ url: publicUrl(), version, dataDir: settings.dataDir }, 'Millrace is ready');

    let stopping: Promise<void> | undefined;
    return {
      url: publicUrl(),
      gatewayUrl: `http://localhost:${gatewayPort}`,
      ownerLink,
      house,
      health: () => supervisor.health(),
      stop: () => {
        stopping ??= undoAll();
        return stopping;
      },
    };
  } catch (error) {
    await undoAll();
    throw error;
  }
}

const listen = (app: FastifyInstance, host: string, port: number, variable: string): Promise<unknown> =>
  listening(() => app.listen({ host, port }), { host, port, variable });

const listenOn = (server: Server, host: string, port: number, variable: string): Promise<unknown> =>
  listening(() => once(server.listen({ host, port }), 'listening'), { host, port, variable });

/** A part of `dist`, seen from `dist/server/app` as well as from `src/app`. */
function builtDirectory(part: 'web' | 'browser'): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const top = here.includes(`${join('dist', 'server')}`) ? join(here, '..', '..') : join(here, '..', '..', 'dist');
  return join(top, part);
}
