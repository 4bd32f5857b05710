import { mkdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Instance, InstanceRequest, Runtime } from '../../deployments/port.ts';
import { Fault } from '../../kernel/faults.ts';
import { probeAddress } from '../../platform/http/probe.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Launcher, Started } from '../../platform/process/launcher.ts';
import { freePort } from '../../platform/sockets/free-port.ts';
import { buildDirectory, emptyDirectory, factsOf, filesOf, holdsOutput } from './build.ts';
import { copyTree, removeTree } from './copy-tree.ts';
import { type LaunchPlan, planLaunch, rewriteCommand } from './launch-plan.ts';
import { machineEnvironment } from './machine-environment.ts';
import { tailLines } from './tail.ts';

export interface ProcessRuntimeDeps {
  /** Outputs, instances and volumes lie below it. */
  directory: string;
  /** Ends what it started when this server ends, however it ends: nothing is left to adopt after a crash. */
  launcher: Launcher;
  log: Log;
}

interface Running {
  request: InstanceRequest;
  plan: LaunchPlan;
  home: string;
  started: Started;
  state: 'running' | 'exited';
  exitCode: number | undefined;
  detail: string | undefined;
  address: { host: string; port: number } | undefined;
  /** Resolves when its last line was handed over. */
  followed: Promise<unknown>;
}

/** Runs services as supervised processes of this machine, for where no container engine is. It does not isolate them. */
export function createProcessRuntime(deps: ProcessRuntimeDeps): Runtime {
  const running = new Map<string, Running>();
  const starting = new Map<string, Promise<Instance>>();
  /** `instance container-port` to the loopback port that stands for it; known to peers before the instance starts. */
  const ports = new Map<string, Promise<number>>();

  const portOf = (instanceId: string, container: number): Promise<number> => {
    const key = `${instanceId} ${container}`;
    let port = ports.get(key);
    if (!port) {
      port = freePort();
      ports.set(key, port);
    }
    return port;
  };
  const portsOf = async (instanceId: string, containers: readonly number[]): Promise<Record<number, number>> =>
    Object.fromEntries(await Promise.all(containers.map(async (each) => [each, await portOf(instanceId, each)])));

  const launch = async (request: InstanceRequest): Promise<Instance> => {
    const { service, output, instanceId } = request;
    if (output.kind !== 'directory') throw imageOnly(service.name);
    const home = join(deps.directory, 'instances', instanceId);
    const root = join(home, 'files');
    await removeTree(deps.launcher, home);
    await mkdir(root, { recursive: true });
    // Its own copy, as a container has its own layer: what it writes there ends with it and harms no other instance.
    await copyTree(deps.launcher, filesOf(output.reference), root, { linkDependencies: true });
    const volumes = await Promise.all(
      service.volumes
        .filter((volume) => volume.kind !== 'bind')
        .map(async (volume) => {
          const path =
            volume.kind === 'volume'
              ? join(deps.directory, 'volumes', request.environmentId, volume.source.replaceAll(/[^\w.-]/g, '_'))
              : join(home, 'tmpfs', volume.target.replaceAll(/[^\w.-]/g, '_'));
          await mkdir(path, { recursive: true });
          return { target: volume.target, path };
        }),
    );
    // The first instance of a peer stands for all: there is no load balancing between processes.
    const firsts = request.peers.filter(
      (peer, index, all) => all.findIndex((each) => each.service === peer.service) === index,
    );
    const peers = await Promise.all(
      firsts.map(async (peer) => ({ service: peer.service, ports: await portsOf(peer.instanceId, peer.ports) })),
    );
    const own = await portsOf(
      instanceId,
      service.ports.map((port) => port.container),
    );
    const plan = planLaunch({
      service,
      dockerfile: (await factsOf(output.reference)).dockerfile ?? undefined,
      environment: request.environment,
      machine: { ...machineEnvironment(), HOME: home, TMPDIR: '/tmp' },
      root,
      ports: own,
      peers,
      volumes,
    });
    const outputFile = join(home, 'stdout');
    const errorFile = join(home, 'stderr');
    const started = await deps.launcher.start({
      argv: plan.argv,
      cwd: plan.directory,
      env: plan.environment,
      outputFile,
      errorFile,
    });
    const first = service.ports[0]?.container;
    const entry: Running = {
      request,
      plan,
      home,
      started,
      state: 'running',
      exitCode: undefined,
      detail: undefined,
      address: first === undefined ? undefined : { host: '127.0.0.1', port: own[first]! },
      followed: Promise.all([
        tailLines(outputFile, started.exited, (line) => request.onLine(line, 'stdout', Date.now())),
        tailLines(errorFile, started.exited, (line) => request.onLine(line, 'stderr', Date.now())),
      ]).catch((error: unknown) => deps.log.warn({ err: error, instance: instanceId }, 'output cannot be followed')),
    };
    running.set(instanceId, entry);
    void started.exited.then((end) => {
      // It did not end, it was ended with the launcher: gone, as all are after a restart, and started again as those are.
      if (end.lost && running.get(instanceId) === entry) running.delete(instanceId);
      entry.state = 'exited';
      entry.exitCode = end.exitCode ?? 128 + 9;
      entry.detail = end.signal ? `ended by ${end.signal}` : `ended with ${end.exitCode}`;
    });
    return view(entry);
  };

  const stop = async (instanceId: string, graceMs: number): Promise<void> => {
    await starting.get(instanceId)?.catch(() => undefined);
    const entry = running.get(instanceId);
    if (entry) {
      if (entry.state === 'running') {
        await entry.started.stop({ signal: signalOf(entry.request.service.stopSignal), graceMs });
      }
      await entry.followed;
      running.delete(instanceId);
    }
    for (const key of ports.keys()) if (key.startsWith(`${instanceId} `)) ports.delete(key);
    await removeTree(deps.launcher, join(deps.directory, 'instances', instanceId));
  };

  return {
    kind: 'process',
    outlivesServer: false,
    available: () => Promise.resolve({ ready: true }),
    whenReady: () => Promise.resolve({ ready: true }),
    build: (request) =>
      buildDirectory(
        {
          outputs: join(deps.directory, 'outputs'),
          inputs: join(deps.directory, 'inputs'),
          homes: join(deps.directory, 'homes'),
          launcher: deps.launcher,
        },
        request,
      ),
    resolve: (service, _onLine, signal) =>
      service.process?.command === undefined
        ? Promise.reject(imageOnly(service.name))
        : emptyDirectory(join(deps.directory, 'outputs'), service.name, signal),
    holds: (output) => holdsOutput(output.reference),
    async discard({ outputs }) {
      const mine = `${join(deps.directory, 'outputs')}${sep}`;
      for (const { kind, reference, shared } of outputs) {
        if (kind !== 'directory' || shared) continue;
        if (!reference.startsWith(mine)) return false;
        await removeTree(deps.launcher, reference);
      }
      return true;
    },
    async start(request) {
      const known = running.get(request.instanceId);
      if (known?.state === 'running') return view(known);
      const underWay = starting.get(request.instanceId);
      if (underWay) return underWay;
      if (known) {
        // Its port stays: peers were told of it.
        await known.followed;
        running.delete(request.instanceId);
      }
      const launched = launch(request).finally(() => starting.delete(request.instanceId));
      starting.set(request.instanceId, launched);
      return launched;
    },
    list: (environmentId) =>
      Promise.resolve([...running.values()].filter((each) => each.request.environmentId === environmentId).map(view)),
    stop,
    async clear(environmentId) {
      const mine = [...running.values()].filter((each) => each.request.environmentId === environmentId);
      await Promise.all(mine.map((each) => stop(each.request.instanceId, each.request.service.stopGraceMs)));
    },
    async probe(instance, check) {
      const entry = running.get(instance.instanceId);
      if (entry?.state !== 'running') return { healthy: false, detail: 'not running' };
      if (check.test.kind === 'command') return probeCommand(deps.launcher, entry, check.test.argv, check.timeoutMs);
      if (!instance.address) return { healthy: false, detail: 'it has no port to look at' };
      return probeAddress(instance.address, check.test, check.timeoutMs);
    },
    async close() {
      await Promise.all(
        [...running.keys()].map((id) => stop(id, Math.min(5000, running.get(id)!.request.service.stopGraceMs))),
      );
    },
  };
}

const view = (entry: Running): Instance => ({
  instanceId: entry.request.instanceId,
  service: entry.request.service.name,
  group: entry.request.group,
  state: entry.state,
  exitCode: entry.exitCode,
  detail: entry.detail,
  address: entry.address,
});

const imageOnly = (service: string): Fault =>
  new Fault('unprocessable', `"${service}" is a ready image and needs a container engine to run`, {
    code: 'process.image-only',
    hint: 'Start Docker on this machine, or say how it runs here: x-millrace: { process: { command: ... } }.',
  });

const signals = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL', 'SIGWINCH']);
const signalOf = (name: string): NodeJS.Signals => {
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  return signals.has(full) ? (full as NodeJS.Signals) : 'SIGTERM';
};

async function probeCommand(
  launcher: Launcher,
  entry: Running,
  argv: string[],
  timeoutMs: number,
): Promise<{ healthy: boolean; detail: string }> {
  const { service } = entry.request;
  const local = service.ports[0] && entry.address ? { [service.ports[0].container]: entry.address.port } : {};
  try {
    const result = await launcher.run({
      argv: argv.map((part) => rewriteCommand(part, { ports: local, volumes: [] })),
      cwd: entry.plan.directory,
      env: entry.plan.environment,
      timeoutMs,
      graceMs: 500,
      maxOutputBytes: 4096,
    });
    const words = result.output.trim().slice(0, 200);
    if (result.exitCode === 0) return { healthy: true, detail: 'its check command succeeds' };
    const how = result.timedOut ? `took longer than ${timeoutMs} ms` : `ended with ${result.exitCode ?? result.signal}`;
    return { healthy: false, detail: `its check command ${how}${words === '' ? '' : `: ${words}`}` };
  } catch (error) {
    return { healthy: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
