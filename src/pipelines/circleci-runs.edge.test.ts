import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, startEngine, temporaryDirectory } from '../../test/harness/engine.ts';
import { testDatabase } from '../../test/harness/postgres.ts';
import { agentsMigrations } from '../agents/index.ts';
import { createCircleciDialect } from '../integrations/circleci/index.ts';
import { newId } from '../kernel/ids.ts';
import { sql } from '../platform/postgres/sql.ts';
import { continueRun } from './continue-run.ts';
import { pipelinesMigrations } from './index.ts';
import { openStepLog } from './read.ts';
import { startDue } from './schedules.ts';
import { readKey } from './ssh-keys.ts';

/** What CircleCI files ask of the engine beyond jobs and steps, from the file to the end of the run. */
let store: Awaited<ReturnType<typeof testDatabase>>;
let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let repository: Awaited<ReturnType<typeof temporaryDirectory>>;
let engine: Engine;

const sshKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

beforeAll(async () => {
  store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
  home = await temporaryDirectory();
  repository = await temporaryDirectory();
  const git = (...argv: string[]): void => void execFileSync('git', ['-C', repository.path, ...argv]);
  git('init', '-q', '-b', 'main');
  await mkdir(join(repository.path, '.circleci'));
  engine = await startEngine({
    url: store.url,
    dataDir: home.path,
    repository: repository.path,
    dialects: [createCircleciDialect()],
    slots: 6,
    secrets: [
      { name: 'SSH_KEY_DEPLOY', value: sshKey },
      { name: 'PLAIN', value: 'a variable' },
    ],
    tokens: {
      issue: async (subject, { version, audience }) =>
        `token-${version}-of-${subject.workflow}-${subject.ref}-${audience ?? subject.jobId}`,
    },
  });
});
afterAll(async () => {
  await engine.stop();
  await store.close();
  await home.remove();
  await repository.remove();
});

const configure = (text: string): Promise<void> => writeFile(join(repository.path, '.circleci/config.yml'), text);

async function logOf(runId: string, jobName: string): Promise<string> {
  const run = await engine.pipelines.readRun(runId);
  const job = await engine.pipelines.readJob(run.jobs.find(({ name }) => name === jobName)!.id);
  const lines: string[] = [];
  for (const { number } of job.steps) {
    const { log } = await openStepLog({ database: engine.database, files: engine.pipelines.files }, job.id, number);
    if (!log) continue;
    lines.push(...(await log.window(0, 1000)).lines.map(({ text }) => text));
    await log.close();
  }
  return lines.join('\n');
}

const statuses = async (runId: string): Promise<Record<string, string>> => {
  const { jobs } = await engine.pipelines.readRun(runId);
  return Object.fromEntries(jobs.map(({ name, status }) => [name, status]));
};

describe('dynamic configuration', () => {
  const setup = (step: string): string => `version: 2.1
setup: true
parameters: { mode: { type: string, default: quick } }
jobs:
  setup:
    machine: true
    steps:
      - run: |
          cat > next.yml \\<<'END'
          version: 2.1
          parameters:
            mode: { type: string, default: none }
            deploy: { type: boolean, default: false }
          jobs:
            build: { machine: true, steps: [{ run: 'echo "mode \\<< pipeline.parameters.mode >>"' }] }
            ship: { machine: true, steps: [{ run: echo shipped }] }
          workflows:
            setup:
              jobs: [build, { ship: { requires: [build], filters: pipeline.parameters.deploy } }]
          END
      - run: |
${step.replace(/^/gm, '          ')}
workflows:
  setup: { jobs: [setup] }
`;

  it('goes on with the file that the setup gives, once, with its parameters', async () => {
    await configure(
      setup(`circleci continue next.yml --parameters '{"mode": "full", "deploy": true}'
if circleci-agent continue setup.yml; then exit 1; fi
echo "jobs: 1" > other.yml
if circleci continue other.yml; then exit 1; fi`),
    );
    const { id } = await engine.start();
    expect((await engine.ended(id)).status).toBe('success');
    expect(await statuses(id)).toEqual({ setup: 'success', build: 'success', ship: 'success' });
    expect(await logOf(id, 'build')).toContain('mode full');
    expect(await logOf(id, 'setup')).toContain('continued already');
  });

  it('takes what the continuation orb posts with curl, and keeps the key out of the log', async () => {
    await configure(
      setup(`key=$CIRCLE_CONTINUATION_KEY
echo "the key is $key"
printf '{"continuation-key": "%s", "configuration": "version: 2.1\\\\njobs: { build: { machine: true, steps: [checkout] } }", "parameters": {}}' "$key" > post.json
[ "$(curl -o /dev/stderr -w '%{http_code}' -XPOST -H 'Content-Type: application/json' --data @post.json "https://circleci.com/api/v2/pipeline/continue")" -eq 200 ]`),
    );
    const { id } = await engine.start();
    await engine.ended(id);
    const log = await logOf(id, 'setup');
    expect(log).toContain('the key is ****');
    expect(log).toContain('Accepted.');
    expect(await statuses(id)).toEqual({ setup: 'success', build: 'success' });
  });

  it('refuses what cannot be read, a parameter the run began with, and a key that is none', async () => {
    await configure(
      setup(`printf 'version: 2.1\\njobs: { build: { steps: [nothing] } }\\n' > next.yml
circleci continue next.yml || echo "refused once"
circleci continue next.yml --parameters '{"mode": "full"}' || echo "refused twice"`),
    );
    const { id } = await engine.start(newId(), 'main', 'A change', { mode: 'slow' });
    const run = await engine.ended(id);
    const log = await logOf(id, 'setup');
    expect(log).toMatch(/There is no step or command [\s\S]*refused once/);
    expect(log).toMatch(/Conflicting pipeline parameters[\s\S]*refused twice/);
    expect(run.diagnostics.map(({ file, line }) => `${file}:${line}`)).toContain('continued configuration:2');
    const shared = { ...deps(), dispatch: engine.agents };
    expect(await continueRun(shared, { 'continuation-key': 'x', configuration: '' })).toMatchObject({ status: 401 });
    expect(await continueRun(shared, { configuration: 3 })).toMatchObject({ status: 400 });
  });
});

const deps = () => ({
  database: engine.database,
  clock: { now: () => Date.now() },
  sources: {} as never,
  dialects: [],
  log: { error: () => {} } as never,
});

describe('locks and serial groups', () => {
  it('lets one run at a time between lock and unlock, and says what the other waits for', async () => {
    await configure(`version: 2.1
jobs:
  take: { type: lock, key: shop }
  give: { type: unlock, key: shop }
  work: { machine: true, steps: [{ run: 'until [ -e ${home.path}/go-$CIRCLE_PIPELINE_NUMBER ]; do sleep 0.1; done' }] }
workflows:
  main: { jobs: [take, { work: { requires: [take] } }, { give: { requires: [work: terminal] } }] }
`);
    const first = await engine.start();
    await engine.until(async () => (await statuses(first.id)).work === 'running');
    const second = await engine.start();
    const waiting = await engine.until(async () => {
      const run = await engine.pipelines.readRun(second.id);
      return run.jobs.find(({ waitsFor }) => waitsFor?.includes('holds'));
    });
    expect(waiting).toMatchObject({
      name: 'take',
      status: 'queued',
      waitsFor: `Waits for the lock shop, which run #${first.number} holds`,
    });
    for (const { number } of [first, second]) await writeFile(join(home.path, `go-${number}`), '');
    expect((await engine.ended(first.id)).status).toBe('success');
    expect((await engine.ended(second.id)).status).toBe('success');
    expect(await engine.database.query(sql`select * from pipelines_locks`)).toEqual([]);
  });

  it('gives a job group its turn as a whole', async () => {
    await configure(`version: 2.1
jobs:
  a: { machine: true, steps: [{ run: 'echo $CIRCLE_PIPELINE_NUMBER a >> ${home.path}/order; until [ -e ${home.path}/turn ]; do sleep 0.1; done' }] }
  b: { machine: true, steps: [{ run: 'echo $CIRCLE_PIPELINE_NUMBER b >> ${home.path}/order' }] }
job-groups:
  ship: { jobs: [a, { b: { requires: [a] } }] }
workflows:
  main: { jobs: [{ ship: { serial-group: live } }] }
`);
    const first = await engine.start();
    await engine.until(async () => (await statuses(first.id))['ship/a'] === 'running');
    const second = await engine.start();
    await engine.until(async () => (await statuses(second.id))['ship/a'] === 'queued');
    await writeFile(join(home.path, 'turn'), '');
    expect((await engine.ended(second.id)).status).toBe('success');
    expect((await engine.ended(first.id)).status).toBe('success');
    const order = (await readFile(join(home.path, 'order'), 'utf8')).trim().split('\n');
    expect(order).toEqual([`${first.number} a`, `${first.number} b`, `${second.number} a`, `${second.number} b`]);
  });
});

describe('order in a serial group', () => {
  it('leaves out a job that a later run overtook', async () => {
    await configure(`version: 2.1
jobs:
  first: { machine: true, steps: [{ run: 'until [ -e ${home.path}/late-$CIRCLE_PIPELINE_NUMBER ]; do sleep 0.1; done' }] }
  ship: { machine: true, steps: [{ run: 'until [ -e ${home.path}/shipped ]; do sleep 0.1; done' }] }
workflows:
  main: { jobs: [first, { ship: { requires: [first], serial-group: port } }] }
`);
    const early = await engine.start();
    const later = await engine.start();
    await writeFile(join(home.path, `late-${later.number}`), '');
    await engine.until(async () => (await statuses(later.id)).ship === 'running');
    await writeFile(join(home.path, `late-${early.number}`), '');
    const ended = await engine.ended(early.id);
    expect(ended.jobs.find(({ name }) => name === 'ship')).toMatchObject({
      status: 'not_run',
      reason: 'A later run of this project is in its serial group already',
    });
    await writeFile(join(home.path, 'shipped'), '');
    expect((await engine.ended(later.id)).status).toBe('success');
  });
});

describe('reruns, schedules and machines that are not here', () => {
  it('runs a failed workflow again by itself, without what succeeded', async () => {
    await configure(`version: 2.1
jobs:
  good: { machine: true, steps: [{ run: echo x >> ${home.path}/good }] }
  flaky: { machine: true, steps: [{ run: 'echo x >> ${home.path}/flaky; [ $(wc -l < ${home.path}/flaky) -ge 3 ]' }] }
workflows:
  main: { max_auto_reruns: 3, jobs: [good, { flaky: { requires: [good] } }] }
`);
    const { id } = await engine.start();
    expect((await engine.ended(id)).status).toBe('failed');
    const last = await engine.until(async () => {
      const rows = await engine.database.query<{ id: string }>(sql`
        select id from pipelines_runs where (trigger->'autoRerun'->>'number')::int = 2 and status = 'success'`);
      return rows[0];
    });
    const run = await engine.pipelines.readRun(last.id);
    expect(run.jobs.find(({ name }) => name === 'good')!.inheritedFrom).not.toBeNull();
    expect(await readFile(join(home.path, 'good'), 'utf8')).toBe('x\n');
  });

  it('registers the schedules of a branch, starts what is due once, and forgets what the file no longer says', async () => {
    const config = (triggers: string): string => `version: 2.1
jobs: { a: { machine: true, steps: [{ run: echo night }] } }
workflows:
  push: { jobs: [a] }
  night: { ${triggers} jobs: [a] }
`;
    await configure(config('triggers: [{ schedule: { cron: "0 3 * * *", filters: { branches: { only: main } } } }],'));
    const pushed = await engine.start();
    expect(Object.keys(await statuses((await engine.ended(pushed.id)).id))).toEqual(['a']);
    const row = () =>
      engine.database.first<{ workflow: string; at: number }>(sql`
        select workflow, (extract(epoch from next_at) * 1000)::float8 as at from pipelines_schedules`);
    const { at } = (await row())!;
    expect(new Date(at).toISOString()).toContain('T03:00:00');
    const { database } = engine;
    const project = { id: pushed.projectId, slug: 'p', defaultBranch: 'main', gitUrl: '' };
    const sources = {
      project: async () => project,
      resolve: async () => ({ sha: pushed.sha, branch: 'main' }),
      commit: async () => pushed.commit,
    };
    const due = { ...deps(), database, sources: sources as never, clock: { now: () => at + 1000 } };
    await Promise.all([startDue(due), startDue(due)]);
    const scheduled = await database.query<{ id: string }>(sql`
      select id from pipelines_runs where trigger->>'kind' = 'schedule'`);
    expect(scheduled).toHaveLength(1);
    const run = await engine.ended(scheduled[0]!.id);
    expect(run.jobs.map(({ workflow }) => workflow)).toEqual(['night']);
    expect((await row())!.at).toBe(at + 86_400_000);
    await configure(config(''));
    await engine.ended((await engine.start()).id);
    expect(await row()).toBeUndefined();
  });

  it('refuses macOS with a sentence', async () => {
    await configure(`version: 2.1
jobs: { a: { macos: { xcode: 15.4.0 }, steps: [checkout] } }
workflows: { main: { jobs: [a] } }
`);
    const run = await engine.ended((await engine.start()).id);
    expect(run.jobs[0]).toMatchObject({ status: 'infrastructure_fail' });
    expect(run.jobs[0]!.reason).toContain('no macOS machines');
  });
});

describe('circleci inside jobs', () => {
  it('splits tests by the times of earlier runs', async () => {
    await configure(`version: 2.1
jobs:
  test:
    machine: true
    parallelism: 2
    steps:
      - run: |
          mkdir out
          cat > out/r.xml \\<<'END'
          <testsuite name="s">
          <testcase name="a" file="t/a.js" time="9"/><testcase name="b" file="t/b.js" time="3"/>
          <testcase name="c" file="t/c.js" time="3"/><testcase name="d" file="t/d.js" time="2.5"/>
          </testsuite>
          END
          printf 't/d.js\\nt/c.js\\n./t/b.js\\nt/a.js\\n' | circleci tests split --split-by=timings | sort | tr '\\n' ' ' > mine
          echo "node $CIRCLE_NODE_INDEX has $(cat mine)"
          printf 't/a.js\\nt/b.js\\n' | circleci tests run --command "xargs echo running" --split-by=timings
          printf 'x\\ny\\n' | circleci tests split --split-by=timings
          printf 'd\\nc\\nb\\na\\n' | circleci tests split --split-by=timings | sort | tr '\\n' ' ' > named
          echo "named for $CIRCLE_NODE_INDEX $(cat named)"
      - store_test_results: { path: out }
workflows: { main: { jobs: [test] } }
`);
    const first = await engine.ended((await engine.start()).id);
    expect(await logOf(first.id, 'test')).toContain('No times of earlier runs are known');
    const second = await engine.ended((await engine.start()).id);
    const logs: string[] = [];
    for (const { id } of second.jobs) {
      const { log } = await openStepLog({ database: engine.database, files: engine.pipelines.files }, id, 1);
      logs.push((await log!.window(0, 100)).lines.map(({ text }) => text).join('\n'));
      await log!.close();
    }
    expect(logs[0]).toContain('node 0 has t/a.js');
    expect(logs[0]).toContain('running t/a.js');
    expect(logs[1]).toContain('node 1 has ./t/b.js t/c.js t/d.js');
    expect(logs[1]).toContain('running t/b.js');
    expect(logs[0]).toContain('None of these names has a time');
    expect(logs[0]).toContain('named for 0 a');
    expect(logs[1]).toContain('named for 1 b c d');
  });
});

describe('what a job finds', () => {
  it('are the variables of CircleCI, tokens among them, which no log shows', async () => {
    await configure(`version: 2.1
jobs:
  look:
    machine: true
    working_directory: ~/shop
    steps:
      - run: env | cut -d= -f1 | grep -E '^(CI|BASH_ENV|CIRCLE.*)$' | grep -v PREVIOUS | sort | tr '\\n' ' '
      - run: echo "$CIRCLE_OIDC_TOKEN" && echo "\${CIRCLE_OIDC_TOKEN_V2%%-refs*}" | tr o 0
workflows: { main: { jobs: [look] } }
`);
    const { id } = await engine.start();
    expect((await engine.ended(id)).status).toBe('success');
    const log = await logOf(id, 'look');
    const expected =
      'BASH_ENV CI CIRCLECI CIRCLE_BRANCH CIRCLE_BUILD_NUM CIRCLE_BUILD_URL CIRCLE_INTERNAL_TASK_DATA CIRCLE_JOB CIRCLE_NODE_INDEX ' +
      'CIRCLE_NODE_TOTAL CIRCLE_OIDC_TOKEN CIRCLE_OIDC_TOKEN_V2 CIRCLE_ORGANIZATION_ID CIRCLE_PIPELINE_ID CIRCLE_PIPELINE_NUMBER ' +
      'CIRCLE_PROJECT_ID CIRCLE_PROJECT_REPONAME CIRCLE_PROJECT_USERNAME CIRCLE_REPOSITORY_URL CIRCLE_SHA1 ' +
      'CIRCLE_SHELL_ENV CIRCLE_USERNAME CIRCLE_WORKFLOW_ID CIRCLE_WORKFLOW_JOB_ID CIRCLE_WORKFLOW_WORKSPACE_ID CIRCLE_WORKING_DIRECTORY';
    expect(log).toContain(expected);
    expect(log).not.toContain('token-1');
    expect(log).toContain('t0ken-2-0f-main');
  });

  it('are tokens for the audience a job asks for, and for no other claim', async () => {
    await configure(`version: 2.1
jobs:
  ask:
    machine: true
    steps:
      - run: |
          token=$(circleci run oidc get --claims '{"aud": "npm:registry.npmjs.org"}')
          echo "$token"; circleci-agent run oidc get --claims='{
            "aud": "pypi"}'
      - run: if circleci run oidc get --claims '{"sub":"me"}'; then exit 1; fi
      - run: if circleci run oidc get --claims '{"aud":'; then exit 1; fi
      - run: if circleci run oidc put; then exit 1; fi
workflows: { main: { jobs: [ask] } }
`);
    const { id } = await engine.start();
    const { status } = await engine.ended(id);
    const log = await logOf(id, 'ask');
    expect(status, log).toBe('success');
    expect(log).toContain(
      'token-1-of-main-refs/heads/main-npm:registry.npmjs.org\ntoken-1-of-main-refs/heads/main-pypi',
    );
    expect(log).toContain('Only the claim aud can be chosen, not sub\nThe claims are not JSON');
  });

  it('are the keys that add_ssh_keys names, in the agent and for ssh, and not among the variables', async () => {
    const key = readKey(sshKey)!;
    await configure(`version: 2.1
jobs:
  look:
    machine: true
    steps:
      - add_ssh_keys: { fingerprints: ["${key.sha256}"] }
      - run: |
          echo "in the environment: \${SSH_KEY_DEPLOY-nothing}, $PLAIN"
          stat -c '%a %n' ~/.ssh ~/.ssh/id_rsa_* | sed "s,$HOME,~,"
          ssh-keygen -l -f ~/.ssh/id_rsa_${key.md5.replaceAll(':', '')} | cut -d' ' -f2
          grep -c IdentityFile ~/.ssh/config
          command -v ssh-agent >/dev/null && ssh-add -l
      - add_ssh_keys
      - run: grep -c IdentityFile ~/.ssh/config
  lost: { machine: true, steps: [{ add_ssh_keys: { fingerprints: ["aa:bb"] } }] }
workflows: { main: { jobs: [look, lost] } }
`);
    const { id } = await engine.start();
    await engine.ended(id);
    const log = await logOf(id, 'look');
    expect(log).toContain('in the environment: nothing, ****');
    expect(log).toContain('700 ~/.ssh');
    expect(log).toContain(`600 ~/.ssh/id_rsa_${key.md5.replaceAll(':', '')}`);
    expect(log.split(key.sha256).length - 1).toBe(2);
    expect(log.match(/^1$/gm)).toHaveLength(2);
    expect(await statuses(id)).toMatchObject({ look: 'success', lost: 'failed' });
    expect(await logOf(id, 'lost')).toContain('no key with the fingerprint aa:bb');
  });
});
