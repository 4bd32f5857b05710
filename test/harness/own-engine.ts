import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './millrace.ts';

/** A container engine that belongs to one test, beside the machine's own: it may be killed and started again. */
export interface OwnEngine {
  /** For `DOCKER_HOST`. */
  host: string;
  /** Starts dockerd, unless it runs, and waits until it answers. It finds its containers again (live restore). */
  start(): Promise<void>;
  /** kill -9 of dockerd, and of what it forwards ports with; containers go on, or end too as with their machine. */
  kill(containers: 'go on' | 'end'): Promise<void>;
  docker(...argv: string[]): string;
  /** Ends everything in it and takes it away. */
  remove(): Promise<void>;
}

/** Why no engine of one's own can be had here; undefined when it can. */
export function whyNoOwnEngine(): string | undefined {
  if (process.getuid?.() !== 0) return 'an engine of one’s own needs root';
  for (const program of ['dockerd', 'containerd', 'ip']) {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    } catch {
      return `there is no ${program}`;
    }
  }
  return undefined;
}

/** containerd of its own and a directory for dockerd, which is not started yet. Nothing of the machine's engine is touched. */
export async function createOwnEngine(): Promise<OwnEngine> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-own-engine-'));
  await chmod(directory, 0o711);
  const at = (name: string): string => join(directory, name);
  const host = `unix://${at('docker.sock')}`;
  const log = createWriteStream(at('log'), { flags: 'a' });
  const launch = (program: string, argv: string[]): ChildProcess => {
    const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], cwd: directory });
    child.stdout!.pipe(log, { end: false });
    child.stderr!.pipe(log, { end: false });
    return child;
  };
  const docker = (...argv: string[]): string =>
    execFileSync('docker', ['--host', host, ...argv], { timeout: 60_000 }).toString();
  const answers = async (): Promise<boolean> => {
    execFileSync('docker', ['--host', host, 'version'], { stdio: 'ignore', timeout: 5000 });
    return true;
  };
  await mkdir(at('exec'), { mode: 0o711 });
  await writeFile(at('daemon.json'), '{}');
  await writeFile(
    at('containerd.toml'),
    `version = 2
root = "${at('containerd')}"
state = "${at('state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${at('containerd.sock')}"
`,
  );
  const bridge = `mlr${process.pid.toString(36)}`;
  execFileSync('ip', ['link', 'add', bridge, 'type', 'bridge']);
  execFileSync('ip', ['address', 'add', `10.213.${process.pid % 250}.1/24`, 'dev', bridge]);
  execFileSync('ip', ['link', 'set', bridge, 'up']);
  const containerd = launch('containerd', ['--config', at('containerd.toml')]);
  let dockerd: ChildProcess | undefined;
  const stop = async (child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  const engine: OwnEngine = {
    host,
    docker,
    async start() {
      if (dockerd && dockerd.exitCode === null && dockerd.signalCode === null) return;
      await rm(at('docker.pid'), { force: true });
      dockerd = launch('dockerd', [
        ...['--config-file', at('daemon.json'), '--containerd', at('containerd.sock'), '-H', host],
        ...['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('docker.pid')],
        // Its networks stand beside those of the machine's engine, whose rules are left alone. With no bridge at all, or a
        // second start without live restore, dockerd would take the machine's docker0 away.
        ...['--bridge', bridge, '--iptables=false', '--ip6tables=false', '--ip-masq=false'],
        ...['--default-address-pool', 'base=10.214.0.0/16,size=24'],
        '--live-restore',
      ]);
      const child = dockerd;
      await eventually(
        'the engine answers',
        async () => {
          if (child.exitCode !== null) {
            const said = (await readFile(at('log'), 'utf8')).trim().split('\n').slice(-5).join('\n');
            throw new Error(`dockerd ended with ${child.exitCode}:\n${said}`);
          }
          return answers();
        },
        90_000,
      );
    },
    async kill(containers) {
      const ids = containers === 'end' ? docker('ps', '-q').split('\n').filter(Boolean) : [];
      const pids = ids.map((id) => Number(docker('inspect', '--format', '{{.State.Pid}}', id)));
      await stop(dockerd, 'SIGKILL');
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    },
    async remove() {
      try {
        await engine.start();
        const containers = docker('ps', '-aq').split('\n').filter(Boolean);
        if (containers.length > 0) docker('rm', '-fv', ...containers);
        docker('network', 'prune', '-f');
      } finally {
        await stop(dockerd, 'SIGTERM');
        await stop(containerd, 'SIGTERM');
        log.end();
        execFileSync('ip', ['link', 'delete', bridge]);
        for (const line of (await readFile('/proc/mounts', 'utf8')).split('\n').reverse()) {
          const [, path = ''] = line.split(' ');
          if (path.startsWith(`${directory}/`)) execFileSync('umount', ['-l', path]);
        }
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
  return engine;
}
