import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createDeployments, type Deployments } from '../../src/deployments/index.ts';
import { deploymentMigrations } from '../../src/deployments/migrations/index.ts';
import type { Runtime, Verification } from '../../src/deployments/port.ts';
import { composeLoader } from '../../src/integrations/compose/loader.ts';
import { createProcessRuntime } from '../../src/integrations/process/runtime.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { type EventEnvelope, system } from '../../src/kernel/events.ts';
import { Fault } from '../../src/kernel/faults.ts';
import { newId } from '../../src/kernel/ids.ts';
import { readEventsAfter } from '../../src/platform/events/log.ts';
import * as git from '../../src/platform/git/repository.ts';
import { openLog } from '../../src/platform/observe/log.ts';
import type { TelemetryRecord } from '../../src/platform/observe/telemetry-sink.ts';
import { openLauncher } from '../../src/platform/process/launcher.ts';
import { readRepositories } from '../../src/projects/read.ts';
import { createMasker } from '../../src/secrets/masker.ts';
import { testDatabase } from './postgres.ts';

const run = promisify(execFile);

/** A small web service in one file, for every kind of trouble: its environment says how it behaves. */
export const nodeService = (more = ''): string => `
const http = require('http');
const release = process.env.MILLRACE_RELEASE;
${more}
const server = http.createServer((request, response) => {
  if (request.url === '/health') return response.end('fine');
  if (request.url === '/env') return response.end(JSON.stringify(process.env));
  if (request.url === '/slow') return setTimeout(() => response.end(release), 500);
  if (typeof answer === 'function') return answer(request, response);
  response.end(release);
});
server.keepAliveTimeout = 60000;
server.listen(process.env.PORT, '127.0.0.1', () => console.log('listening', release));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

export const webCompose = `services:
  web:
    build: .
    command: node server.cjs
    ports: ["8000"]
    x-millrace: { health: /health }
`;

/** Short waits, so that a test sees a whole rollout in a second or two. */
export const quickRollout = (environments = 'production: { from: main }', gates = ''): string => `
environments:
  ${environments}
rollout:
  healthyWithin: 10s
  drain: 2s
  verify: { for: 1s${gates} }
`;

export interface World {
  deployments: Deployments;
  project: { id: string; slug: string; name: string; defaultBranch: string };
  gatewayPort: number;
  telemetry: TelemetryRecord[];
  /** Telemetry takes nothing, as when its disk is full. */
  refusing: { current: boolean };
  /** What NRQL gates answer. */
  verdict: { current: Awaited<ReturnType<Verification['holds']>> };
  database: Awaited<ReturnType<typeof testDatabase>>['database'];
  /** Commits files, and nothing else, on top of main, to main or to another branch, and cuts a release. */
  release(files: Record<string, string>, branch?: string): Promise<{ id: string; version: string }>;
  /** Cuts a release of a commit, as a run of the branch (main) that ends now would. */
  cut(sha: string, branch?: string): Promise<{ id: string; version: string }>;
  /** Forces main to a commit. */
  setBranch(sha: string): Promise<void>;
  events(): Promise<EventEnvelope[]>;
  /** Waits until an event of this type is there (for this version when given). */
  until(type: string, version?: string, timeoutMs?: number): Promise<EventEnvelope>;
  get(host: string, path?: string): Promise<{ status: number; body: string }>;
  /** Ends the loops as a kill would: nothing is closed in order. Then a second server takes over on the same state. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A deployments room on a real PostgreSQL, a real git repository and a real runtime (default: processes). */
export async function deployWorld(options: { runtimes?: (directory: string) => Runtime[] } = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-deploy-'));
  const { database, close: closeDatabase } = await testDatabase(deploymentMigrations);
  const log = openLog({ level: process.env.MILLRACE_TEST_LOG ?? 'fatal' });
  const project = { id: newId(), slug: 'shop', name: 'Shop', defaultBranch: 'main' };
  const work = join(directory, 'work');
  const repository = join(directory, 'repos', `${project.id}.git`);
  await run('git', ['init', '-q', '-b', 'main', work]);
  await mkdir(dirname(repository), { recursive: true });
  await run('git', ['init', '-q', '--bare', '-b', 'main', repository]);
  const repositories = readRepositories({ dataDir: directory });
  const telemetry: TelemetryRecord[] = [];
  const refusing: World['refusing'] = { current: false };
  const verdict: World['verdict'] = { current: { verdict: 'holds', value: 0, explanation: 'nothing seen' } };
  let stops: (() => Promise<void>)[] = [];
  let port = 0;

  const boot = async (): Promise<Deployments> => {
    const launcher = openLauncher({ log });
    const runtimes = options.runtimes?.(directory) ?? [
      createProcessRuntime({ directory: join(directory, 'run'), launcher, log }),
    ];
    const deployments = createDeployments({
      database,
      clock: systemClock,
      log,
      dataDir: directory,
      telemetry: {
        write: async (records) => {
          if (refusing.current) throw new Fault('unavailable', 'The disk is full', { code: 'platform.disk-full' });
          telemetry.push(...records);
        },
      },
      runtimes,
      loader: composeLoader,
      verification: { holds: async () => verdict.current, against: async () => [] },
      intake: {
        forServices: async () => ({
          sentryDsn: 'http://key@127.0.0.1:7401/1',
          otlpEndpoint: 'http://127.0.0.1:7401',
          otlpHeaders: 'x-key=1',
        }),
      },
      commits: {
        ...repositories,
        get: async () => project,
        commitsBetween: (projectId, from, to, limit) =>
          git.commits(repositories.path(projectId), { to, limit, ...(from === null ? {} : { not: from }) }),
      },
      secrets: { forEnvironment: async () => [{ name: 'API_KEY', value: 'hunter2-hunter2' }], createMasker },
      serverId: newId(),
    });
    const abort = new AbortController();
    const loops = deployments.room.loops.map((loop) => loop.run(abort.signal));
    port = await deployments.gateway.listen(port, '127.0.0.1');
    stops = [
      async () => {
        abort.abort();
        await Promise.allSettled(loops);
        await deployments.close(500);
        await launcher.close();
      },
    ];
    return deployments;
  };

  let deployments = await boot();
  const events = async (): Promise<EventEnvelope[]> => readEventsAfter(database, 0, {}, 10_000);
  const world: World = {
    get deployments() {
      return deployments;
    },
    project,
    get gatewayPort() {
      return port;
    },
    telemetry,
    refusing,
    verdict,
    database,
    async release(files, branch = 'main') {
      for (const name of await readdir(work)) if (name !== '.git') await rm(join(work, name), { recursive: true });
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), content);
      }
      const gitIn = (...args: string[]) =>
        run('git', ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', ...args], { cwd: work });
      await gitIn('add', '-A');
      await gitIn('commit', '-q', '--allow-empty', '-m', `change at ${Date.now()}`);
      await gitIn('push', '-q', ...(branch === 'main' ? [] : ['--force']), repository, `HEAD:refs/heads/${branch}`);
      const sha = (await gitIn('rev-parse', 'HEAD')).stdout.trim();
      if (branch !== 'main') await gitIn('reset', '-q', '--hard', 'HEAD~1');
      return world.cut(sha, branch);
    },
    cut(sha, branch = 'main') {
      const request = { projectId: project.id, sha, branch, runId: newId(), actor: system('test'), causes: [] };
      return deployments.cutRelease(request);
    },
    async setBranch(sha) {
      await run('git', ['reset', '-q', '--hard', sha], { cwd: work });
      await run('git', ['push', '-q', '--force', repository, 'main'], { cwd: work });
    },
    events,
    async until(type, version, timeoutMs = 15_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const all = await events();
        const found = all.findLast(
          (event) =>
            event.type === `deployments.${type}` &&
            (version === undefined || (event.data as { version?: string }).version === version),
        );
        if (found) return found;
        if (Date.now() > deadline) {
          const seen = all
            .slice(-6)
            .map((event) => `${event.type} ${JSON.stringify(event.data).slice(0, 600)}`)
            .join('\n');
          throw new Error(`no ${type} ${version ?? ''} within ${timeoutMs} ms; seen:\n${seen}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    get: (host, path = '/') =>
      new Promise((resolve, reject) => {
        const outgoing = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (answer) => {
          let body = '';
          answer.setEncoding('utf8');
          answer.on('data', (part: string) => {
            body += part;
          });
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
        });
        outgoing.on('error', reject);
        outgoing.end();
      }),
    async restart() {
      for (const stop of stops) await stop();
      deployments = await boot();
    },
    async close() {
      for (const stop of stops) await stop();
      await closeDatabase();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return world;
}
