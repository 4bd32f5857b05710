import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../kernel/faults.ts';
import type { Executor, Place, PlaceRequest, PlannedImage } from '../../pipelines/port.ts';
import { asking, type DockerEngine, defaultAwayMs, engineStatus, tolerate } from './client.ts';
import { type DriverExec, driverExecOf, driverLabel, ownProgram, startDriver } from './driver-exec.ts';
import { ensureImage } from './images.ts';
import { label } from './labels.ts';
import { callMs, patiently, placeIn } from './place.ts';
import { watchReadiness } from './readiness.ts';

/** Where the control directory is seen in the container. */
const controlPath = '/.millrace';
/** Where the container sees, and cannot change, what the server gives it to unpack. */
const givenPath = '/.millrace-given';
const placeLabel = 'millrace.place';

const givenOf = (request: PlaceRequest) => ({ directory: join(request.placeDir, 'given'), seen: givenPath });

const nameOf = (placeId: string): string => `millrace-job-${placeId}`;

/**
 * Runs jobs in containers of an engine on this machine (the control directory is mounted). The first image runs the driver;
 * the others are services that share its network, so that they answer on localhost.
 */
export function createDockerExecutor(options: {
  docker: DockerEngine;
  installation?: string | undefined;
  /** How long the engine may be away before a job in it counts as lost (ms). */
  awayMs?: number | undefined;
}): Executor {
  const { docker, installation, awayMs = defaultAwayMs } = options;
  const readiness = watchReadiness(docker, awayMs);
  const find = async (request: PlaceRequest): Promise<Place | undefined> => {
    const container = docker.getContainer(nameOf(request.placeId));
    const facts = await asking(callMs, 'looking for the job’s container', () => container.inspect()).catch(
      (error: unknown) => {
        if (engineStatus(error) === 404) return undefined;
        throw error;
      },
    );
    // Made, but never started: the server died in between, and making it again starts it.
    if (!facts || facts.State.Status === 'created') return undefined;
    return enter(request, driverExecOf(facts.Config.Labels, controlPath, request.images[0]?.user));
  };
  /** The place in a container that runs; its driver is started where the container does not do so itself. */
  const enter = async (request: PlaceRequest, driver: DriverExec | undefined): Promise<Place> => {
    const name = nameOf(request.placeId);
    if (driver) await startDriver(docker, name, driver);
    return placeIn(docker, name, controlPath, givenOf(request), awayMs, driver?.program);
  };
  /** Finds the place, or makes it. */
  const make = async (request: PlaceRequest): Promise<Place> => {
    const existing = await find(request);
    if (existing) return existing;
    const [first, ...services] = request.images;
    if (!first) throw new Fault('invalid', 'A docker job names no image', { code: 'pipelines.no-image' });
    for (const image of request.images) await ensureImage(docker, image.image, image.auth, request.onProgress);
    // Made here, or the engine would make it as root.
    await mkdir(givenOf(request).directory, { recursive: true });
    const keeps = await ownProgram(docker, first);
    const driver = driverContainer(request, first, services, { installation, socket: socketOf(docker), keeps });
    await create(docker, nameOf(request.placeId), driver);
    await start(docker, nameOf(request.placeId));
    await Promise.all(
      services.map(async (service, index) => {
        const name = `${nameOf(request.placeId)}-${index + 1}`;
        await create(docker, name, serviceContainer(request, service, installation));
        await start(docker, name);
        request.onProgress(`Service ${service.name ?? service.image} started`);
      }),
    );
    return enter(request, driverExecOf(driver.Labels ?? {}, controlPath, first.user));
  };
  return {
    kind: 'docker',
    available: () => readiness.now(),
    whenReady: (signal) => readiness.settled(signal),
    adopt: (request) => patiently(awayMs, () => find(request)),
    // Every call in it is idempotent by name, so one that was cut off half-way is made from the beginning.
    prepare: (request) => patiently(awayMs, () => make(request)),
    async destroy(placeId) {
      const filters = { label: [`${placeLabel}=${placeId}`] };
      const containers = await asking(callMs, 'looking for containers', () =>
        docker.listContainers({ all: true, filters }),
      );
      await Promise.all(
        containers.map(({ Id }) =>
          asking(callMs, 'removing a container', () =>
            tolerate([404, 409], () => docker.getContainer(Id).remove({ force: true, v: true })),
          ),
        ),
      );
    },
  };
}

type CreateOptions = Parameters<DockerEngine['createContainer']>[0];

/** Creating is idempotent by name. */
async function create(docker: DockerEngine, name: string, options: CreateOptions): Promise<void> {
  await asking(callMs, 'making a container', () => tolerate([409], () => docker.createContainer({ ...options, name })));
}

async function start(docker: DockerEngine, name: string): Promise<void> {
  await asking(callMs, 'starting a container', () => tolerate([304], () => docker.getContainer(name).start()));
}

/** Path of the engine's socket on this machine; undefined for an engine that is reached otherwise. */
const socketOf = (docker: DockerEngine): string | undefined =>
  (docker.modem as { socketPath?: unknown }).socketPath as string | undefined;

const environmentOf = (image: PlannedImage): string[] =>
  Object.entries(image.environment).map(([name, value]) => `${name}=${value}`);

const labelsOf = (request: PlaceRequest, kind: string, installation: string | undefined): Record<string, string> => ({
  [placeLabel]: request.placeId,
  'millrace.kind': kind,
  ...(installation === undefined ? {} : { [label.installation]: installation }),
});

/**
 * The container where the driver runs: as its first program in place of the image's own, which is passed over as CircleCI does, unless
 * `keeps` says that the container runs that one. Pure.
 */
export function driverContainer(
  request: PlaceRequest,
  image: PlannedImage,
  services: PlannedImage[],
  here: { installation?: string | undefined; socket?: string | undefined; keeps?: object | undefined } = {},
): CreateOptions {
  return {
    Image: image.image,
    ...(here.keeps ?? { Entrypoint: ['/bin/sh'], Cmd: [`${controlPath}/driver.sh`] }),
    Env: environmentOf(image),
    Labels: { ...labelsOf(request, 'job', here.installation), ...(here.keeps ? { [driverLabel]: 'exec' } : {}) },
    WorkingDir: '/',
    ...(image.user === undefined ? {} : { User: image.user }),
    HostConfig: {
      Binds: [
        `${request.controlDir}:${controlPath}`,
        `${givenOf(request).directory}:${givenPath}:ro`,
        ...(request.engineAccess && here.socket ? [`${here.socket}:/var/run/docker.sock`] : []),
      ],
      // Output goes to files of the control directory; the engine's own log would keep it a second time.
      LogConfig: { Type: 'none', Config: {} },
      ExtraHosts: services.flatMap((service) => (service.name ? [`${service.name}:127.0.0.1`] : [])),
      ...(request.cpus === undefined ? {} : { NanoCpus: Math.round(request.cpus * 1e9) }),
      ...(request.memoryBytes === undefined ? {} : { Memory: request.memoryBytes }),
    },
  };
}

function serviceContainer(request: PlaceRequest, image: PlannedImage, installation?: string): CreateOptions {
  return {
    Image: image.image,
    Env: environmentOf(image),
    Labels: labelsOf(request, 'service', installation),
    ...(image.entrypoint === undefined ? {} : { Entrypoint: image.entrypoint }),
    ...(image.command === undefined ? {} : { Cmd: image.command }),
    ...(image.user === undefined ? {} : { User: image.user }),
    HostConfig: { NetworkMode: `container:${nameOf(request.placeId)}` },
  };
}
