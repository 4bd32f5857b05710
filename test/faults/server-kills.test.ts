import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { endProcess, findProcessesIn } from '../../src/platform/process/orphans.ts';
import {
  checkDeployments,
  checkErrors,
  checkLines,
  checkRuns,
  checkTelemetry,
  checkVisits,
  pushUntilDone,
} from '../harness/loop-checks.ts';
import {
  killWhileStarting,
  processesNaming,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
  temporaryDirectory,
} from '../harness/millrace.ts';
import { openSeed } from '../harness/seed.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';
import { createContexts, sendErrors, sendLines, visit } from '../harness/traffic.ts';

const kills = 50;
const killsAPush = 6;
/** Every fourth kill hits a server that is still starting. */
const duringStart = 4;
/** Every fifth takes the server's own helpers (stores, launcher) at the same instant. */
const withHelpers = 5;
const { text: seed, random } = openSeed();

let dataDir: string;
let millrace: RunningMillrace | undefined;
let project: SmallProject | undefined;
const environment = { MILLRACE_RUNTIME: 'process', MILLRACE_JOBS: '4' };

beforeAll(async () => {
  // Builds what is out of date, so that it is the server that the kills hit.
  await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, '..', '..', 'bin', 'millrace.js'),
    'up',
    '--help',
  ]);
});
beforeEach(async () => {
  console.log(`seed ${seed} (MILLRACE_TEST_SEED repeats it)`);
  dataDir = await temporaryDirectory();
});
afterEach(async () => {
  if (millrace?.child.exitCode === null && millrace.child.signalCode === null) await millrace.stop();
  await project?.remove();
  await removeDirectory(dataDir);
});

/** The server's own processes, jobs and services apart: those belong to others, and jobs go on without it. */
async function helpers(): Promise<number[]> {
  const node = basename(process.execPath);
  const found = await Promise.all([
    findProcessesIn(join(dataDir, 'launcher'), node),
    findProcessesIn(join(dataDir, 'clickhouse'), node),
    findProcessesIn(join(dataDir, 'postgres', 'data'), 'postgres'),
  ]);
  return found.flat();
}

it('begins anew when its first start is killed at any moment', async () => {
  for (let kill = 0; kill < 8; kill += 1)
    await killWhileStarting(dataDir, { env: environment }, 200 + random(1000 + kill) * 800 * (kill + 1));
  millrace = await startMillrace({ dataDir, env: environment });
  const { client } = await millrace.owner();
  expect((await client.projects.list()).items).toEqual([]);
  expect(await millrace.stop()).toBe(0);
  expect(await processesNaming(dataDir)).toEqual([]);
});

it(`loses and doubles nothing over ${kills} kills of the server across the loop`, async () => {
  millrace = await startMillrace({ dataDir, env: environment });
  const ports = { port: Number(new URL(millrace.url).port), gatewayPort: Number(new URL(millrace.gatewayUrl).port) };
  const { token } = await millrace.owner();
  const { url } = millrace;
  const client = createClient({ baseUrl: url, token });
  project = await createSmallProject({ client, token, url });
  const hosts = ['staging.small.localhost', 'production.small.localhost'];
  const visits = hosts.map((host) => visit(ports.gatewayPort, host));
  const errors = Array.from({ length: 3 }, () => sendErrors(project!.dsn));
  const lines = sendLines(project.dsn);
  const contexts = createContexts(client);
  const shas: string[] = [];
  let pushing: Promise<void> = Promise.resolve();
  for (let kill = 0; kill < kills; kill += 1) {
    if (kill % killsAPush === 0) {
      await pushing;
      shas.push(await project.commit(`v${shas.length + 1}`));
      pushing = pushUntilDone(project);
    }
    if (kill % duringStart === duringStart - 1) {
      await killWhileStarting(dataDir, { env: environment, ...ports }, 300 + random(kill) * 3000);
    } else {
      await sleep(100 + random(kill) * 2400);
      const others = kill % withHelpers === 0 ? await helpers() : [];
      const killed = millrace.kill();
      for (const pid of others) endProcess(pid, 'SIGKILL');
      await killed;
      // The next one is killed before it is ready.
      if (kill % duringStart === duringStart - 2 && kill + 1 < kills) continue;
    }
    millrace = await startMillrace({ dataDir, env: environment, ...ports });
  }
  await pushing;
  await Promise.all([contexts, lines, ...errors].map((lane) => lane.stop()));
  await checkRuns(client, { url, token }, shas);
  await checkDeployments(client, shas);
  const seen = await checkVisits(visits, shas);
  for (const versions of seen) expect(versions.length).toBeGreaterThan(kills);
  await checkTelemetry(client, project.id, shas);
  await checkErrors(
    client,
    project.id,
    errors.flatMap((lane) => lane.done),
  );
  await checkLines(client, project.id, lines.done);
  const { items } = await client.secrets.contexts();
  expect(items.map((context) => context.name).sort()).toEqual([...contexts.done].sort());

  expect(await millrace.stop()).toBe(0);
  expect(await processesNaming(dataDir)).toEqual([]);
});
