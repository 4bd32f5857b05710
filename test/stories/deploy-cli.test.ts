import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { eventually, type RunningMillrace, removeDirectory, startMillrace } from '../harness/millrace.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';

const millraceProgram = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin', 'millrace.js');
const minutes = 60_000;

/** `millrace deploy` and `millrace rollback`, as a person or a script would use them, against a server that runs. */
let millrace: RunningMillrace;
let client: Client;
let token: string;
let project: SmallProject;

const environments = (verify: string): string => `environments:
  staging: { from: main }
  production: { from: staging, approval: true }
rollout: { healthyWithin: 60s, drain: 1s, verify: { for: ${verify} } }
`;

beforeAll(async () => {
  millrace = await startMillrace({ env: { MILLRACE_RUNTIME: 'process' } });
  ({ client, token } = await millrace.owner());
  project = await createSmallProject(
    { client, token, url: millrace.url },
    {
      '.circleci/config.yml': `version: 2.1
jobs: { check: { machine: true, steps: [checkout, { run: 'true' }] } }
workflows: { all: { jobs: [check] } }
`,
      'millrace.yaml': environments('1s'),
    },
  );
  for (const version of ['one', 'two']) {
    await project.commit(version);
    await project.push();
    await goodInStaging(version === 'one' ? 1 : 2);
  }
});
afterAll(async () => {
  await project?.remove();
  await millrace?.stop();
  if (millrace) await removeDirectory(millrace.dataDir);
});

const environment = async (name: string) => {
  const { items } = await client.deployments.listEnvironments({ query: { project: project.slug } });
  return items.find((one) => one.name === name)!;
};
const goodInStaging = (number: number) =>
  eventually(
    `release ${number} is good in staging`,
    async () => {
      const staging = await environment('staging');
      return staging?.lastGood?.number === number && staging.active === null;
    },
    5 * minutes,
  );

function cli(...argv: string[]): Promise<{ code: number; out: string; notes: string }> {
  const env = { ...process.env, MILLRACE_SERVER: millrace.url, MILLRACE_TOKEN: token, MILLRACE_NO_BUILD: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, [millraceProgram, ...argv], { env, timeout: 3 * minutes }, (error, out, notes) => {
      const code = error ? Number((error as { code?: unknown }).code ?? 1) : 0;
      resolve({ code, out, notes });
    });
  });
}

it('goes back to the release before, says what that takes away, and follows it to its end', async () => {
  const { code, out, notes } = await cli('rollback', 'staging', '--yes', '--reason', 'too loud');
  expect(out).toMatch(/^r2-\w{7} -> r1-\w{7} \(back\)$/m);
  expect(out).toMatch(/^ {2}- \w{7} Version two \(Bob\)$/m);
  expect(out).toMatch(/^success +starting/m);
  expect(out).toMatch(/^staging: r1-\w{7} succeeded$/m);
  expect(notes).toContain(`${millrace.url}/deployments/`);
  expect(code).toBe(0);
  expect((await environment('staging')).release?.number).toBe(1);
});

it('deploys a named release, and prints nothing but JSON when asked to', async () => {
  const { code, out } = await cli('deploy', 'staging', '--release', '2', '--json');
  expect(JSON.parse(out)).toMatchObject({
    environment: 'staging',
    kind: 'deploy',
    status: 'succeeded',
    release: { number: 2 },
  });
  expect(code).toBe(0);
  const again = await cli('rollback', 'staging', '--to', 'r1', '--yes', '--json');
  expect(JSON.parse(again.out)).toMatchObject({ kind: 'rollback', status: 'succeeded', release: { number: 1 } });
  expect(again.code).toBe(0);
});

it('asks before it goes back, and changes nothing where nobody can answer', async () => {
  const { code, notes } = await cli('rollback', 'staging', '--to', '2');
  expect(notes).toContain('Add --yes.');
  expect(code).toBe(2);
  expect((await environment('staging')).release?.number).toBe(1);
});

it('says what there is when a name is wrong', async () => {
  const wrong = await cli('deploy', 'prod');
  expect(wrong).toMatchObject({ code: 1, notes: expect.stringContaining('It has: staging, production.') });
  expect(await cli('deploy', 'staging', '--release', '99')).toMatchObject({
    code: 1,
    notes: expect.stringContaining('has no release "99"'),
  });
});

it('stops where a person must agree, and says so', async () => {
  const { code, out } = await cli('deploy', 'production', '--release', '2');
  expect(out).toMatch(/^production: r2-\w{7} on hold$/m);
  expect(code).toBe(0);
  const [waiting] = (await environment('production')).waiting;
  await client.deployments.approveDeployment({ params: { id: waiting!.id } });
  await eventually(
    'production serves',
    async () => (await environment('production')).lastGood?.number === 2,
    2 * minutes,
  );
});

it('takes back what is still being watched: that it was rolled back is then what was wanted', async () => {
  await project.write('millrace.yaml', environments('10 minutes'));
  await project.commit('three');
  await project.push();
  await eventually(
    'the third release is watched',
    async () => {
      const { active } = await environment('staging');
      return active?.release.number === 3 && active.status === 'verifying';
    },
    5 * minutes,
  );
  const { code, out } = await cli('rollback', 'staging', '--yes', '--reason', 'I saw it');
  expect(out).toMatch(/^staging: r3-\w{7} rolled back$/m);
  expect(out).toContain('I saw it');
  expect(code).toBe(0);
  expect((await environment('staging')).release?.number).toBe(1);
});
