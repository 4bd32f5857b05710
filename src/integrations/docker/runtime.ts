import type Docker from 'dockerode';
import { backingGroup, type Instance, type InstanceRequest, type Runtime } from '../../deployments/port.ts';
import { Fault } from '../../kernel/faults.ts';
import { probeAddress } from '../../platform/http/probe.ts';
import type { Log } from '../../platform/observe/log.ts';
import { buildImage } from './build.ts';
import { clearAway } from './clear-away.ts';
import { asking, type DockerEngine, defaultAwayMs, engineStatus, tolerate } from './client.ts';
import { followContainer } from './container-lines.ts';
import { execIn } from './exec.ts';
import { discardImage, ensureImage, hasImage } from './images.ts';
import { label } from './labels.ts';
import { ensureNetwork } from './networks.ts';
import { reachableAt } from './reachable-at.ts';
import { watchReadiness } from './readiness.ts';

const startMs = 60_000;
const callMs = 20_000;

/** Runs services as containers of one engine. Names resolve inside a group's network; ports are published on loopback only. */
export function createDockerRuntime(deps: {
  docker: DockerEngine;
  log: Log;
  /** Stands on everything it makes, so that whoever throws the installation away finds it. */
  installation: string;
  /** How long the engine may be away before what was asked of it fails (ms). */
  awayMs?: number | undefined;
  /** Range the networks of environments are taken from, such as `10.219.0.0/16`. */
  networks?: string | undefined;
}): Runtime {
  const { docker, installation } = deps;
  const readiness = watchReadiness(docker, deps.awayMs ?? defaultAwayMs);
  const following = new Map<string, AbortController>();
  const names = (environmentId: string, group: string): string => `millrace-${environmentId}-${group}`;

  const follow = (containerId: string, request: InstanceRequest): void => {
    following.get(request.instanceId)?.abort();
    const abort = new AbortController();
    following.set(request.instanceId, abort);
    void followContainer(docker, containerId, request.linesAfter ?? 0, request.onLine, abort.signal);
  };

  const networkOf = async (environmentId: string, group: string): Promise<string> => {
    const name = names(environmentId, group);
    const labels = { [label.installation]: installation, [label.environment]: environmentId, [label.group]: group };
    await ensureNetwork(docker, name, labels, deps.networks);
    return name;
  };

  const containersOf = (environmentId: string, ...more: string[]): Promise<Docker.ContainerInfo[]> =>
    docker.listContainers({ all: true, filters: { label: [`${label.environment}=${environmentId}`, ...more] } });

  /** Brings the backing services of an environment into a group's network, under their names. */
  const joinBacking = async (environmentId: string, network: string): Promise<void> => {
    for (const container of await containersOf(environmentId, `${label.group}=${backingGroup}`)) {
      if (container.NetworkSettings.Networks[network]) continue;
      await tolerate([403, 404, 409], () => connect(network, container));
    }
  };

  const connect = (network: string, container: Docker.ContainerInfo): Promise<unknown> =>
    docker.getNetwork(network).connect({
      Container: container.Id,
      EndpointConfig: { Aliases: [container.Labels[label.service]!] },
    });

  const groupNetworks = async (environmentId: string): Promise<string[]> =>
    (await docker.listNetworks({ filters: { label: [`${label.environment}=${environmentId}`] } as never })).map(
      (network) => network.Name,
    );

  const launch = async (request: InstanceRequest): Promise<Instance> => {
    const { environmentId, group, instanceId } = request;
    if (request.output.kind !== 'image') {
      throw new Fault('conflict', `"${request.service.name}" was built for processes, not for containers`, {
        code: 'docker.not-an-image',
        hint: 'Cut the release again.',
      });
    }
    const network = await networkOf(environmentId, group);
    if (group !== backingGroup) await joinBacking(environmentId, network);
    const known = await inspect(docker, nameOf(instanceId));
    if (known?.State.Running) {
      if (!following.has(instanceId)) follow(known.Id, request);
      return inspected(known);
    }
    if (known) await tolerate([404, 409], () => docker.getContainer(known.Id).remove({ force: true, v: true }));
    const container = await docker.createContainer(containerOf(request, network, installation));
    await container.start();
    if (group === backingGroup) {
      const self = (await containersOf(environmentId)).find((each) => each.Id === container.id);
      for (const other of await groupNetworks(environmentId)) {
        if (other !== network && self) await tolerate([403, 404, 409], () => connect(other, self));
      }
    }
    follow(container.id, request);
    return inspected(await container.inspect());
  };

  /** A group's network goes with its last container; backing services leave it first. */
  const dropNetwork = async (environmentId: string, group: string): Promise<void> => {
    if (group === backingGroup) return;
    if ((await containersOf(environmentId, `${label.group}=${group}`)).length > 0) return;
    const name = names(environmentId, group);
    for (const container of await containersOf(environmentId, `${label.group}=${backingGroup}`)) {
      if (!container.NetworkSettings.Networks[name]) continue;
      await tolerate([403, 404, 500], () =>
        docker.getNetwork(name).disconnect({ Container: container.Id, Force: true }),
      );
    }
    // One that is still in use is left for the next stop.
    await tolerate([403, 404, 409], () => docker.getNetwork(name).remove());
  };

  return {
    kind: 'docker',
    outlivesServer: true,
    available: () => readiness.now(),
    whenReady: (signal) => readiness.settled(signal),
    build: (request) => buildImage(docker, request),
    async resolve(service, onLine) {
      const image = service.image ?? '';
      await ensureImage(docker, image, undefined, onLine);
      const { Id } = await docker.getImage(image).inspect();
      return { service: service.name, kind: 'image', reference: Id, digest: Id };
    },
    holds: ({ reference }) => asking(callMs, 'looking for an image', () => hasImage(docker, reference)),
    async discard({ version, outputs }) {
      for (const output of outputs) {
        if (output.kind === 'image')
          await asking(startMs, 'removing an image', () => discardImage(docker, version, output));
      }
      return true;
    },
    start: (request) => asking(startMs, `starting ${request.service.name}`, () => launch(request)),
    async list(environmentId) {
      return asking(callMs, 'listing containers', async () => {
        const containers = await containersOf(environmentId);
        return Promise.all(containers.filter((each) => each.State !== 'removing').map((each) => listed(docker, each)));
      });
    },
    async stop(instanceId, graceMs) {
      const known = await asking(callMs, 'looking at a container', () => inspect(docker, nameOf(instanceId)));
      if (!known) return;
      const seconds = Math.ceil(graceMs / 1000);
      const container = docker.getContainer(known.Id);
      await asking(graceMs + 30_000, 'stopping a container', async () => {
        await tolerate([304, 404], () => container.stop({ t: seconds }));
        await tolerate([404, 409], () => container.remove({ force: true, v: true }));
      });
      following.get(instanceId)?.abort();
      following.delete(instanceId);
      const { Labels } = known.Config;
      await asking(callMs, 'removing a network', () =>
        dropNetwork(Labels[label.environment] ?? '', Labels[label.group] ?? backingGroup),
      );
    },
    clear: (environmentId) =>
      clearAway(docker, `${label.environment}=${environmentId}`, { volumes: false, graceSeconds: 10 }),
    async probe(instance, check) {
      if (check.test.kind === 'command') {
        return execIn(docker, nameOf(instance.instanceId), check.test.argv, check.timeoutMs);
      }
      if (!instance.address) return { healthy: false, detail: 'it publishes no port to look at' };
      return probeAddress(instance.address, check.test, check.timeoutMs);
    },
    close() {
      // Containers go on without this server; the next one finds them by their labels.
      for (const abort of following.values()) abort.abort();
      following.clear();
      return Promise.resolve();
    },
  };
}

const nameOf = (instanceId: string): string => `millrace-${instanceId}`;

async function inspect(docker: DockerEngine, name: string): Promise<Docker.ContainerInspectInfo | undefined> {
  try {
    return await docker.getContainer(name).inspect();
  } catch (error) {
    if (engineStatus(error) === 404) return undefined;
    throw error;
  }
}

/** What the engine is asked to create, as a value. */
export function containerOf(
  request: InstanceRequest,
  network: string,
  installation: string,
): Docker.ContainerCreateOptions {
  const { service, environmentId } = request;
  const ports = service.ports.map((port) => `${port.container}/tcp`);
  const first = service.ports[0]?.container;
  return {
    name: nameOf(request.instanceId),
    Image: request.output.reference,
    ...(service.command ? { Cmd: service.command } : {}),
    ...(service.entrypoint ? { Entrypoint: service.entrypoint } : {}),
    Env: Object.entries(request.environment).map(([name, value]) => `${name}=${value}`),
    ...(service.user === undefined ? {} : { User: service.user }),
    ...(service.workingDirectory === undefined ? {} : { WorkingDir: service.workingDirectory }),
    ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])),
    StopSignal: service.stopSignal,
    // Health is asked from outside, by the side visitors come from; the image may lack what its own check needs.
    Healthcheck: { Test: ['NONE'] },
    Labels: {
      ...service.labels,
      [label.installation]: installation,
      [label.instance]: request.instanceId,
      [label.environment]: environmentId,
      [label.project]: request.projectId,
      [label.service]: service.name,
      [label.group]: request.group,
      [label.port]: first === undefined ? '' : String(first),
    },
    HostConfig: {
      // Signals reach the program, and what it leaves behind is reaped.
      Init: true,
      NetworkMode: network,
      PortBindings: Object.fromEntries(ports.map((port) => [port, [{ HostIp: '127.0.0.1', HostPort: '' }]])),
      ExtraHosts: ['host.docker.internal:host-gateway'],
      Mounts: service.volumes
        .filter((volume) => volume.kind === 'volume')
        .map((volume) => ({
          Type: 'volume' as const,
          Source: `millrace-${environmentId}-${volume.source}`,
          Target: volume.target,
          ReadOnly: volume.readOnly,
          VolumeOptions: {
            NoCopy: false,
            Labels: {
              [label.installation]: installation,
              [label.environment]: environmentId,
              [label.project]: request.projectId,
            },
            DriverConfig: { Name: 'local', Options: {} },
          },
        })),
      Tmpfs: Object.fromEntries(
        service.volumes.filter((volume) => volume.kind === 'tmpfs').map((volume) => [volume.target, '']),
      ),
      ...(service.cpus === undefined ? {} : { NanoCpus: Math.round(service.cpus * 1e9) }),
      ...(service.memoryBytes === undefined ? {} : { Memory: service.memoryBytes }),
      // Ended instances are started again by the room, which tells of it and counts.
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '20m', 'max-file': '2' } },
    },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [service.name] } } },
  };
}

function inspected(info: Docker.ContainerInspectInfo): Instance {
  const labels = info.Config.Labels;
  const published = info.NetworkSettings.Ports?.[`${labels[label.port]}/tcp`]?.[0];
  const address = reachableAt(info.NetworkSettings.Networks, labels[label.port], published?.HostPort);
  return {
    instanceId: labels[label.instance]!,
    service: labels[label.service]!,
    group: labels[label.group]!,
    state: info.State.Running ? 'running' : info.State.Status === 'created' ? 'starting' : 'exited',
    ...(info.State.Running ? {} : { exitCode: info.State.ExitCode, detail: endOf(info) }),
    ...(address ? { address } : {}),
  };
}

function endOf(info: Docker.ContainerInspectInfo): string {
  if (info.State.OOMKilled) return 'ended: it needed more memory than it may have';
  return info.State.Error ? `ended: ${info.State.Error}` : `ended with ${info.State.ExitCode}`;
}

async function listed(docker: DockerEngine, container: Docker.ContainerInfo): Promise<Instance> {
  const labels = container.Labels;
  const port = container.Ports.find((each) => String(each.PrivatePort) === labels[label.port] && each.PublicPort);
  const base = {
    instanceId: labels[label.instance]!,
    service: labels[label.service]!,
    group: labels[label.group]!,
  };
  if (container.State === 'running') {
    const address = reachableAt(container.NetworkSettings.Networks, labels[label.port], port?.PublicPort);
    return { ...base, state: 'running', ...(address ? { address } : {}) };
  }
  // Created and never started (the server died in between): starting it again makes it anew.
  const info = await inspect(docker, container.Id);
  return info && container.State !== 'created'
    ? inspected(info)
    : { ...base, state: 'exited', detail: 'was never started' };
}
