import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, createClient } from '../../src/client/index.ts';
import { busyboxImage, ensureBusyboxImage } from '../harness/busybox-image.ts';
import {
  checkDeployments,
  checkErrors,
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
import { createOwnEngine, type OwnEngine, whyNoOwnEngine } from '../harness/own-engine.ts';
import { openSeed } from '../harness/seed.ts';
import { createSmallProject, type SmallProject, smallPipeline } from '../harness/small-project.ts';
import { sendErrors, visit } from '../harness/traffic.ts';

const reason = whyNoOwnEngine();
const kills = 12;
const killsAPush = 4;
const { text: seed, random } = openSeed();

let engine: OwnEngine | undefined;
let dataDir: string;
let millrace: RunningMillrace | undefined;
let project: SmallProject | undefined;

beforeAll(async () => {
  if (reason) return;
  console.log(`seed ${seed} (MILLRACE_TEST_SEED repeats it)`);
  dataDir = await temporaryDirectory();
  engine = await createOwnEngine();
  await engine.start();
  await ensureBusyboxImage(engine.host);
});
afterAll(async () => {
  if (reason) return;
  if (millrace?.child.exitCode === null && millrace.child.signalCode === null) await millrace.stop();
  await project?.remove();
  await engine?.remove();
  await removeDirectory(dataDir);
});

const files = {
  '.circleci/config.yml': smallPipeline(`docker: [{ image: "${busyboxImage}" }]`),
  'compose.yaml': 'services:\n  web:\n    build: .\n    ports: ["8000"]\n    x-millrace: { health: / }\n',
  Dockerfile: `FROM ${busyboxImage}
COPY version.txt /www/index.html
COPY serve.sh /serve.sh
CMD ["sh", "/serve.sh"]
`,
  'serve.sh': `(i=1; while :; do echo "tick $(cat /www/index.html) $i"; i=$((i+1)); sleep 0.1; done) &
exec httpd -f -p 8000 -h /www
`,
  'server.cjs': null,
};

/** Each container counts in what it prints: telemetry has every number up to the last, once. */
async function checkTicks(client: Client, projectId: string): Promise<void> {
  const ask = async (what: string, where = ''): Promise<unknown[][]> => {
    const nrql = `SELECT ${what} FROM Log WHERE message LIKE 'tick %'${where} SINCE 2 hours ago`;
    return (await client.telemetry.query({ body: { nrql, projectId } })).rows;
  };
  const hosts = (await ask('uniques(host, 100)'))[0]![0] as string[];
  expect(hosts.length).toBeGreaterThanOrEqual(2 * (kills / killsAPush));
  for (const host of hosts) {
    const [row] = await ask('uniques(message, 10000), count(*)', ` AND host = '${host}'`);
    const ticks = (row![0] as string[])
      .map((message) => Number(message.split(' ')[2]))
      .sort((one, other) => one - other);
    expect(ticks, host).toEqual(ticks.map((_, index) => index + 1));
    expect(Number(row![1]), host).toBe(ticks.length);
  }
}

it.skipIf(reason)(`loses and doubles nothing of containers over ${kills} kills of the server`, async () => {
  const env = { MILLRACE_RUNTIME: 'docker', MILLRACE_JOBS: '4', DOCKER_HOST: engine!.host };
  millrace = await startMillrace({ dataDir, env });
  const ports = { port: Number(new URL(millrace.url).port), gatewayPort: Number(new URL(millrace.gatewayUrl).port) };
  const { token } = await millrace.owner();
  const { url } = millrace;
  const client = createClient({ baseUrl: url, token });
  project = await createSmallProject({ client, token, url }, files);
  const visits = ['staging', 'production'].map((name) => visit(ports.gatewayPort, `${name}.small.localhost`));
  const errors = sendErrors(project.dsn);
  const shas: string[] = [];
  let pushing: Promise<void> = Promise.resolve();
  for (let kill = 0; kill < kills; kill += 1) {
    if (kill % killsAPush === 0) {
      await pushing;
      shas.push(await project.commit(`v${shas.length + 1}`));
      pushing = pushUntilDone(project);
    }
    await sleep(300 + random(kill) * 5000);
    await millrace.kill();
    if (kill % killsAPush === 1) await killWhileStarting(dataDir, { env, ...ports }, 500 + random(100 + kill) * 4000);
    millrace = await startMillrace({ dataDir, env, ...ports });
  }
  await pushing;
  await errors.stop();
  await checkRuns(client, { url, token }, shas);
  await checkDeployments(client, shas);
  await checkVisits(visits, shas);
  await checkTelemetry(client, project.id, shas);
  await checkErrors(client, project.id, errors.done, 20);

  await checkTicks(client, project.id);
  expect(await millrace.stop()).toBe(0);
  expect(await processesNaming(dataDir)).toEqual([]);
  const places = engine!.docker('ps', '-aq', '--filter', 'label=millrace.place').trim();
  expect(places).toBe('');
});
