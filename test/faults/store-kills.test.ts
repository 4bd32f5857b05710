import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
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
  processesNaming,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
  temporaryDirectory,
} from '../harness/millrace.ts';
import { openSeed } from '../harness/seed.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';
import { killStore } from '../harness/store-processes.ts';
import { createContexts, sendErrors, sendLines, visit } from '../harness/traffic.ts';

/** Of each of the two stores. */
const kills = 10;
const killsAPush = 4;
const { text: seed, random } = openSeed();

let dataDir: string;
let millrace: RunningMillrace | undefined;
let project: SmallProject | undefined;

beforeEach(async () => {
  console.log(`seed ${seed} (MILLRACE_TEST_SEED repeats it)`);
  dataDir = await temporaryDirectory();
});
afterEach(async () => {
  if (millrace?.child.exitCode === null && millrace.child.signalCode === null) await millrace.stop();
  await project?.remove();
  await removeDirectory(dataDir);
});

it(`loses and doubles nothing when PostgreSQL and ClickHouse are killed ${kills} times each across the loop`, async () => {
  millrace = await startMillrace({ dataDir, env: { MILLRACE_RUNTIME: 'process', MILLRACE_JOBS: '4' } });
  const { client, token } = await millrace.owner();
  const { url } = millrace;
  const gatewayPort = Number(new URL(millrace.gatewayUrl).port);
  project = await createSmallProject({ client, token, url });
  const hosts = ['staging.small.localhost', 'production.small.localhost'];
  const visits = hosts.map((host) => visit(gatewayPort, host));
  const errors = Array.from({ length: 3 }, () => sendErrors(project!.dsn));
  const lines = sendLines(project.dsn);
  const contexts = createContexts(client);
  const shas: string[] = [];
  let pushing: Promise<void> = Promise.resolve();
  for (let kill = 0; kill < 2 * kills; kill += 1) {
    if (kill % killsAPush === 0) {
      await pushing;
      shas.push(await project.commit(`v${shas.length + 1}`));
      pushing = pushUntilDone(project);
    }
    await sleep(300 + random(kill) * 3000);
    await killStore(dataDir, kill % 2 === 0 ? 'postgres' : 'clickhouse');
  }
  await pushing;
  await Promise.all([contexts, lines, ...errors].map((lane) => lane.stop()));
  expect(millrace.child.exitCode).toBeNull();
  await checkRuns(client, { url, token }, shas);
  await checkDeployments(client, shas);
  await checkVisits(visits, shas);
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
