import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../kernel/faults.ts';
import type { Executor, Place, PlaceRequest, PlannedImage } from '../../pipelines/port.ts';
import { type DockerEngine, engineAnswers, engineStatus, tolerate } from './client.ts';
import { ensureImage } from './images.ts';
import { label } from './labels.ts';

/** Where the control directory is seen in the container. */
const controlPath = '/.millrace';
const placeLabel = 'millrace.place';
/** How long an engine may be away before a job in it counts as lost. */
const awayMs = 60_000;

const nameOf = (placeId: string): string => `millrace-job-${placeId}`;

/**
 * Runs jobs in containers of an engine on this machine (the control directory is mounted). The first image runs the driver;
 * the others are services that share its network, so that they answer on localhost.
 */
export function createDockerExecutor(options: { docker: DockerEngine; installation?: string | undefined }): Executor {
  const { docker, installation } = options;
  const adopt = async (request: PlaceRequest): Promise<Place | undefined> => {
    const container = docker.getContainer(nameOf(request.placeId));
    const facts = await patiently(async () => container.inspect()).catch((error: unknown) => {
      if (engineStatus(error) === 404) return undefined;
      throw error;
    });
    // Made, but never started: the server died in between, and making it again starts it.
    if (!facts || facts.State.Status === 'created') return undefined;
    return placeOf(docker, request);
  };
  return {
    kind: 'docker',
    async available() {
      const state = await engineAnswers(docker);
      return state.ready ? { ready: true } : state;
    },
    adopt,
    async prepare(request) {
      const existing = await adopt(request);
      if (existing) return existing;
      const [first, ...services] = request.images;
      if (!first) throw new Fault('invalid', 'A docker job names no image', { code: 'pipelines.no-image' });
      for (const image of request.images) await ensureImage(docker, image.image, image.auth, request.onProgress);
      await create(docker, nameOf(request.placeId), driverContainer(request, first, services, installation));
      await tolerate([304], () => docker.getContainer(nameOf(request.placeId)).start());
      await Promise.all(
        services.map(async (service, index) => {
          const name = `${nameOf(request.placeId)}-${index + 1}`;
          await create(docker, name, serviceContainer(request, service, installation));
          await tolerate([304], () => docker.getContainer(name).start());
          request.onProgress(`Service ${service.name ?? service.image} started`);
        }),
      );
      return placeOf(docker, request);
    },
    async destroy(placeId) {
      const containers = await docker.listContainers({ all: true, filters: { label: [`${placeLabel}=${placeId}`] } });
      await Promise.all(
        containers.map(({ Id }) =>
          tolerate([404, 409], () => docker.getContainer(Id).remove({ force: true, v: true })),
        ),
      );
    },
  };
}

type CreateOptions = Parameters<DockerEngine['createContainer']>[0];

/** Creating is idempotent by name. */
async function create(docker: DockerEngine, name: string, options: CreateOptions): Promise<void> {
  await tolerate([409], () => docker.createContainer({ ...options, name }));
}

const environmentOf = (image: PlannedImage): string[] =>
  Object.entries(image.environment).map(([name, value]) => `${name}=${value}`);

const labelsOf = (request: PlaceRequest, kind: string, installation: string | undefined): Record<string, string> => ({
  [placeLabel]: request.placeId,
  'millrace.kind': kind,
  ...(installation === undefined ? {} : { [label.installation]: installation }),
});

/** The container that runs the driver. Its image's own entrypoint is passed over, as CircleCI does. Pure. */
export function driverContainer(
  request: PlaceRequest,
  image: PlannedImage,
  services: PlannedImage[],
  installation?: string,
): CreateOptions {
  return {
    Image: image.image,
    Entrypoint: ['/bin/sh'],
    Cmd: [`${controlPath}/driver.sh`],
    Env: environmentOf(image),
    Labels: labelsOf(request, 'job', installation),
    WorkingDir: '/',
    ...(image.user === undefined ? {} : { User: image.user }),
    HostConfig: {
      Binds: [
        `${request.controlDir}:${controlPath}`,
        ...(request.engineAccess ? ['/var/run/docker.sock:/var/run/docker.sock'] : []),
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

function placeOf(docker: DockerEngine, request: PlaceRequest): Place {
  const container = docker.getContainer(nameOf(request.placeId));
  let released = false;
  const lost = new Promise<string>((resolve) => {
    void watch(docker, nameOf(request.placeId), () => released).then(resolve);
  });
  const inside = async (argv: string[], user?: string): Promise<void> => {
    const exec = await container.exec({ Cmd: argv, ...(user === undefined ? {} : { User: user }) });
    const stream = (await exec.start({ Detach: false })) as unknown as Readable;
    stream.resume();
    await new Promise<void>((resolve) => {
      stream.once('end', resolve);
      stream.once('close', resolve);
      stream.once('error', () => resolve());
    });
  };
  return {
    controlDir: controlPath,
    lost,
    release: () => {
      released = true;
    },
    async copyIn(directory, tar) {
      // The archive waits in memory no more than a pipe holds; a missing directory is made before the first byte is sent.
      await inside(['/bin/sh', '-c', 'mkdir -p -- "$1"', 'sh', directory]);
      const body = new PassThrough();
      tar.on('error', (error: Error) => body.destroy(error));
      tar.pipe(body);
      await container.putArchive(body, { path: directory });
    },
    async copyOut(path) {
      try {
        return await container.getArchive({ path });
      } catch (error) {
        if (engineStatus(error) !== 404) throw error;
        throw new Fault('missing', `There is nothing at ${path}`, { code: 'pipelines.path-missing' });
      }
    },
    async signal(group, name) {
      if (group <= 1) return;
      await inside(
        ['/bin/sh', '-c', 'kill -s "$1" -- "-$2" || kill -s "$1" "$2"', 'sh', name, String(group)],
        '0',
      ).catch((error: unknown) => {
        // 404 and 409: the container is gone or stopped, and the group with it.
        if (![404, 409].includes(engineStatus(error) ?? 0)) throw error;
      });
    },
  };
}

/** Resolves when the container has ended or the engine stays away. */
async function watch(docker: DockerEngine, name: string, released: () => boolean): Promise<string> {
  const container = docker.getContainer(name);
  let awaySince: number | undefined;
  for (;;) {
    if (released()) return 'No longer watched';
    try {
      const facts = await container.inspect();
      awaySince = undefined;
      if (!facts.State.Running) {
        const memory = facts.State.OOMKilled ? ' (out of memory)' : '';
        return `The job’s container ended with status ${facts.State.ExitCode}${memory}`;
      }
    } catch (error) {
      if (engineStatus(error) === 404) return 'The job’s container is gone';
      awaySince ??= Date.now();
      if (Date.now() - awaySince > awayMs) return 'The container engine went away';
    }
    await sleep(1000, undefined, { ref: false });
  }
}

/** Tries again while the engine does not answer at all, up to a minute. */
async function patiently<Result>(call: () => Promise<Result>): Promise<Result> {
  const deadline = Date.now() + awayMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (engineStatus(error) !== undefined || Date.now() > deadline) throw error;
      await sleep(500);
    }
  }
}
