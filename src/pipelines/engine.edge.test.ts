import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Engine,
  type EngineOptions,
  job,
  planOf,
  requires,
  run,
  startEngine,
  temporaryDirectory,
} from '../../test/harness/engine.ts';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { agentsMigrations } from '../agents/index.ts';
import { system } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { readEventsAfter } from '../platform/events/log.ts';
import { pipelinesMigrations } from './index.ts';
import type { PlannedJob } from './plan.ts';

let store: TestDatabase;
let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let repository: Awaited<ReturnType<typeof temporaryDirectory>>;
let engine: Engine;
let options: EngineOptions;

beforeAll(async () => {
  store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
  home = await temporaryDirectory();
  repository = await temporaryDirectory();
  const git = (...argv: string[]) =>
    execFileSync('git', ['-C', repository.path, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.test', ...argv]);
  git('init', '-q', '-b', 'main');
  await writeFile(join(repository.path, 'hello.txt'), 'hello\n');
  git('add', '.');
  git('commit', '-q', '-m', 'First');
  options = {
    url: store.url,
    dataDir: home.path,
    repository: repository.path,
    secrets: [{ name: 'API_TOKEN', value: 'sup3r-s3cret-value' }],
  };
  engine = await startEngine(options);
});
afterAll(async () => {
  await engine?.stop();
  await store?.close();
  await home?.remove();
  await repository?.remove();
});

async function perform(...jobs: PlannedJob[]) {
  await writeFile(join(repository.path, 'pipeline.json'), planOf(...jobs));
  const { id } = await engine.start();
  return engine.ended(id);
}
/** The last words of every step that failed, for the message of a test that fails. */
async function complaints(ended: Awaited<ReturnType<typeof perform>>): Promise<string> {
  const words: string[] = [];
  for (const each of ended.jobs) {
    for (const step of (await engine.pipelines.readJob(each.id)).steps) {
      if (step.status === 'failed')
        words.push(`${each.name}/${step.name}: ${await logOf(each.id, step.number).catch(String)}`);
    }
  }
  return words.join('\n');
}
async function logOf(jobId: string, step: number): Promise<string> {
  return readFile(engine.pipelines.files.log(jobId, step), 'utf8');
}
const statuses = (ended: Awaited<ReturnType<typeof perform>>): Record<string, string> =>
  Object.fromEntries(
    ended.jobs.map((each) => [`${each.name}${each.nodeTotal > 1 ? each.nodeIndex : ''}`, each.status]),
  );

describe('a run on the host', () => {
  it('goes from checkout to the end, its log masked, its facts told in order with their causes', async () => {
    const ended = await perform(
      job(
        'build',
        [
          { kind: 'checkout', name: 'Checkout', when: 'on_success' },
          run(
            'cat hello.txt; git log --format=%an -1; git status --short | head -1; echo "token $API_TOKEN $(printf %s "$API_TOKEN" | wc -c)"',
          ),
          run('echo "$CI $CIRCLE_BRANCH $CIRCLE_JOB $CIRCLE_NODE_TOTAL $OWN"'),
        ],
        { environment: { OWN: 'mine' } },
      ),
      job('test', [run('exit 3'), run('never'), run('echo cleaned', { when: 'always' })], requires('build')),
      job('deploy', [run('echo no')], requires('test')),
    );
    expect(statuses(ended), await complaints(ended)).toEqual({ build: 'success', test: 'failed', deploy: 'not_run' });
    expect(ended.status).toBe('failed');
    const [build, test] = ended.jobs;
    expect(await logOf(build!.id, 1)).toContain('HEAD is now at');
    expect(await logOf(build!.id, 2)).toBe('hello\nAda\n?? pipeline.json\ntoken **** 18\n');
    expect(await logOf(build!.id, 3)).toBe('true main build 1 mine\n');
    expect(await logOf(build!.id, 0)).toContain('does not isolate');
    const detail = await engine.pipelines.readJob(test!.id);
    expect(detail.steps.map((step) => [step.status, step.exitCode])).toEqual([
      ['success', null],
      ['failed', 3],
      ['not_run', null],
      ['success', 0],
    ]);
    expect(detail.reason).toBe('Step "exit 3" failed with exit status 3');

    const events = await readEventsAfter(store.database, 0, { types: ['pipelines.'] }, 100);
    const mine = events.filter((event) => (event.data as { runId: string }).runId === ended.id);
    expect(mine.map((event) => event.type.replace('pipelines.', ''))).toEqual([
      'run.queued',
      'job.queued',
      'run.started',
      'job.started',
      'job.finished',
      'job.queued',
      'job.started',
      'job.finished',
      'job.finished',
      'run.finished',
    ]);
    for (const [index, event] of mine.entries()) if (index > 0) expect(event.causes[0]).toBe(mine[index - 1]!.id);
    await engine.until(async () =>
      engine.records.some((record) => record.attributes.runId === ended.id && record.type === 'PipelineRun'),
    );
    const shipped = await engine.until(async () => {
      const logs = engine.records.filter((record) => record.type === 'Log' && record.attributes.jobId === build!.id);
      return logs.some((record) => record.attributes.message === 'token **** 18') && logs;
    });
    expect(shipped.every((record) => !String(record.attributes.message).includes('sup3r'))).toBe(true);
    // The place is gone.
    await engine.until(async () => (await readdir(join(home.path, 'pipelines', 'jobs'))).length === 0);
  });

  it('passes files on by workspaces, caches, artifacts and test reports', async () => {
    const key = `v1-${newId()}`;
    const report =
      '<testsuite name="s"><testcase name="a"/><testcase name="b"><failure message="no"/></testcase></testsuite>';
    const first = await perform(
      job('one', [
        run(
          `mkdir -p dist/sub out ~/.tool; echo 1 > dist/one; echo 2 > dist/sub/two; ln -s one dist/link; echo kept > ~/.tool/x; echo '${report}' > out/r.xml; echo lock > lock`,
        ),
        { kind: 'persist_to_workspace', name: 'Persist', when: 'on_success', root: '.', paths: ['dist', 'o*'] },
        {
          kind: 'save_cache',
          name: 'Save',
          when: 'on_success',
          key: `${key}-{{ checksum "lock" }}`,
          paths: ['~/.tool', 'absent'],
        },
        { kind: 'store_artifacts', name: 'Artifacts', when: 'on_success', path: 'dist', destination: 'files' },
        { kind: 'store_test_results', name: 'Tests', when: 'on_success', path: 'out' },
      ]),
      job(
        'two',
        [
          { kind: 'attach_workspace', name: 'Attach', when: 'on_success', at: 'in/ws' },
          { kind: 'restore_cache', name: 'Restore', when: 'on_success', keys: ['nothing-like-it', `${key}-`] },
          run('cat in/ws/dist/one in/ws/dist/sub/two in/ws/dist/link ~/.tool/x; ls in/ws/out'),
        ],
        requires('one'),
      ),
    );
    expect(statuses(first), await complaints(first)).toEqual({ one: 'success', two: 'success' });
    expect(await logOf(first.jobs[1]!.id, 3)).toBe('1\n2\n1\nkept\nr.xml\n');
    expect(await logOf(first.jobs[1]!.id, 2)).toContain('the newest that begins with');
    const detail = await engine.pipelines.readJob(first.jobs[0]!.id);
    expect(detail.tests).toMatchObject({ total: 2, failed: 1 });
    expect(detail.artifacts).toBe(2);
  });

  it('runs copies side by side, one group at a time, and waits for a person', async () => {
    await writeFile(
      join(repository.path, 'pipeline.json'),
      planOf(
        job('wide', [run('echo "$CIRCLE_NODE_INDEX/$CIRCLE_NODE_TOTAL"')], { parallelism: 2 }),
        job('gate', [], { kind: 'approval', ...requires('wide') }),
        job('a', [run('sleep 0.3')], { ...requires('gate'), serialGroup: 'g' }),
        job('b', [run('sleep 0.3')], { ...requires('gate'), serialGroup: 'g' }),
      ),
    );
    const { id } = await engine.start();
    const held = await engine.until(async () => {
      const now = await engine.pipelines.readRun(id);
      return now.status === 'on_hold' && now;
    });
    expect(await logOf(held.jobs[1]!.id, 1)).toBe('1/2\n');
    expect(held.jobs[0]!.number).toBe(held.jobs[1]!.number);
    const person = { kind: 'person' as const, id: 'p1', name: 'Grace' };
    await engine.pipelines.approveJob(held.jobs[2]!.id, person);
    await engine.pipelines.approveJob(held.jobs[2]!.id, person);
    const ended = await engine.ended(id);
    expect(ended.status).toBe('success');
    expect(ended.jobs[2]!.approvedBy?.name).toBe('Grace');
    const [a, b] = ended.jobs.slice(3).sort((x, y) => (x.startedAt! < y.startedAt! ? -1 : 1));
    expect(b!.startedAt! >= a!.finishedAt!).toBe(true);
  });

  it('leaves a job’s variables alone, whatever they are called', async () => {
    const names = ['C', 'T', 'STEP', 'JOB', 'FAILED', 'CANCELED', 'HALTED', 'WATCH', 'code', 'group', 'n', 'tries'];
    const environment = Object.fromEntries(names.map((name) => [name, `${name} of the job`]));
    const show = run(names.map((name) => `echo "$${name}"`).join('\n'));
    const own = run('echo "$C $HALTED"', { environment: { C: '/nowhere', HALTED: '1' } });
    const ended = await perform(
      job('named', [run('true'), show, own, show], { environment: { ...environment, IFS: ':', UID: '7' } }),
    );
    expect(statuses(ended)).toEqual({ named: 'success' });
    const all = names.map((name) => `${name} of the job\n`).join('');
    const { id } = ended.jobs[0]!;
    expect([await logOf(id, 2), await logOf(id, 3), await logOf(id, 4)]).toEqual([all, '/nowhere 1\n', all]);
  });

  it('ends a canceled job, its cleaning steps done', async () => {
    await writeFile(
      join(repository.path, 'pipeline.json'),
      planOf(
        job('long', [run('echo begun; sleep 60'), run('echo cleaned', { when: 'always' })]),
        job('next', [run('true')], requires('long')),
      ),
    );
    const { id } = await engine.start();
    const running = await engine.until(async () => {
      const now = await engine.pipelines.readRun(id);
      const log = await logOf(now.jobs[0]?.id ?? 'x', 1).catch(() => '');
      return log.includes('begun') && now;
    });
    const asked = Date.now();
    await engine.pipelines.cancelRun(id, system('somebody'));
    const ended = await engine.ended(id);
    expect(Date.now() - asked).toBeLessThan(30_000);
    expect(statuses(ended)).toEqual({ long: 'canceled', next: 'canceled' });
    expect(ended.status).toBe('canceled');
    expect(await logOf(running.jobs[0]!.id, 2)).toBe('cleaned\n');
    expect(ended.jobs[0]!.reason).toBe('Canceled by somebody');
  });

  it('cancels the older run of a branch where the project wants that, and none of the default branch', async () => {
    await writeFile(join(repository.path, 'pipeline.json'), planOf(job('long', [run('sleep 60')])));
    options.policy = { autoCancel: true };
    const start = async (branch: string) => (await engine.start(newId(), branch)).id;
    const [old, other, main] = [await start('feature'), await start('other'), await start('main')];
    const [next, newer] = [await start('feature'), await start('main')];
    const ended = await engine.ended(old);
    expect([ended.status, ended.jobs[0]!.reason]).toEqual(['canceled', 'Canceled by auto-cancel']);
    await engine.until(async () => (await engine.pipelines.readRun(newer)).jobs.length > 0);
    for (const id of [other, main, next, newer]) {
      expect((await engine.pipelines.readRun(id)).finishedAt).toBeNull();
      await engine.pipelines.cancelRun(id, system('test'));
    }
    for (const id of [other, main, next, newer]) await engine.ended(id);
    options.policy = undefined;
  });

  it('ends a step that says nothing for too long', async () => {
    const ended = await perform(job('quiet', [run('echo x; sleep 60', { noOutputTimeoutMs: 500 }), run('echo never')]));
    expect(statuses(ended)).toEqual({ quiet: 'failed' });
    expect(await logOf(ended.jobs[0]!.id, 1)).toContain('printed nothing');
  });

  it('shows every problem of a file nobody can run, and skips what asks to be skipped', async () => {
    await writeFile(join(repository.path, 'pipeline.json'), 'not json');
    const broken = await engine.ended((await engine.start()).id);
    expect(broken.status).toBe('failed');
    expect(broken.diagnostics).toMatchObject([{ message: 'not a plan', line: 1 }]);
    const skipped = await engine.start(newId(), 'main', 'Words [skip ci]');
    expect(skipped.status).toBe('canceled');
  });

  it('runs again from what failed, and takes over what passed', async () => {
    const mark = join(home.path, 'mark');
    const before = await perform(
      job('make', [
        run('mkdir w; date +%N > w/stamp'),
        { kind: 'persist_to_workspace', name: 'P', when: 'on_success', root: 'w', paths: ['.'] },
      ]),
      job(
        'flaky',
        [{ kind: 'attach_workspace', name: 'A', when: 'on_success', at: '.' }, run(`cat stamp; test -e ${mark}`)],
        requires('make'),
      ),
    );
    expect(statuses(before)).toEqual({ make: 'success', flaky: 'failed' });
    await writeFile(mark, '');
    const again = await engine.pipelines.rerun(before.id, 'failed', system('somebody'));
    const ended = await engine.ended(again.id);
    expect(statuses(ended)).toEqual({ make: 'success', flaky: 'success' });
    expect(ended.jobs[0]!.inheritedFrom).toBe(before.jobs[0]!.id);
    expect(await logOf(ended.jobs[1]!.id, 2)).toBe(await logOf(before.jobs[1]!.id, 2));
    expect((await engine.pipelines.readJob(ended.jobs[0]!.id)).steps).toHaveLength(3);
    await expect(engine.pipelines.rerun(again.id, 'failed', system('somebody'))).rejects.toThrow('Nothing failed');
  });

  it('starting one run twice makes one run', async () => {
    await writeFile(join(repository.path, 'pipeline.json'), planOf(job('a', [run('true')])));
    const id = newId();
    const [one, two] = await Promise.all([engine.start(id), engine.start(id)]);
    expect(one.id).toBe(two.id);
    await engine.ended(id);
  });
});
