import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../test/harness/errors-room.ts';
import { newId } from '../kernel/ids.ts';
import { runSubscription } from '../platform/events/subscriptions.ts';
import * as git from '../platform/git/repository.ts';
import { openLog } from '../platform/observe/log.ts';
import { readRepositories } from '../projects/read.ts';
import { blameNewIssue } from './blame-new-issue.ts';

let world: ErrorsUnderTest;
let directory: string;
const shas: string[] = [];
const stop = new AbortController();
let running: Promise<void>;
/** Where the blamed project's deployment came from and went to. */
let range: { previousSha: string | null; sha: string };

const file = (percent: string, total = 'cart["sum"]'): string =>
  `PERCENT = ${percent}\n\n\ndef total(cart):\n    rate = cart["percent"]\n    return ${total} * rate\n`;

beforeAll(async () => {
  world = await errorsUnderTest();
  directory = await mkdtemp(join(tmpdir(), 'millrace-blame-'));
  const reader = readRepositories({ dataDir: directory });
  const bare = reader.path(world.projectId);
  const work = join(directory, 'work');
  await mkdir(dirname(bare), { recursive: true });
  await git.createRepository(bare, 'main');
  execFileSync('git', ['clone', '-q', bare, work], { stdio: 'ignore' });
  const commit = async (author: string, message: string, files: Record<string, string>): Promise<void> => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(work, path)), { recursive: true });
      await writeFile(join(work, path), text);
    }
    const run = (...argv: string[]): string =>
      execFileSync('git', ['-c', `user.name=${author}`, '-c', `user.email=${author}@shop.example`, '-C', work, ...argv])
        .toString()
        .trim();
    run('add', '-A');
    run('commit', '-q', '-m', message);
    shas.push(run('rev-parse', 'HEAD'));
    run('push', '-q', 'origin', 'HEAD:main');
  };
  await commit('Ada', 'A shop', {
    'web/shop/totals.py': file('10'),
    'web/shop/views.py': 'def view():\n    total({})\n',
  });
  await commit('Bo', 'Sums come from the lines', { 'web/shop/totals.py': file('10', 'sum(cart["lines"])') });
  // Touches the file of the crash later than Bo did, but not its line.
  await commit('Cy', 'Twelve percent', { 'web/shop/totals.py': file('12', 'sum(cart["lines"])') });
  range = { previousSha: shas[0]!, sha: shas[2]! };

  const path = (): string => bare;
  const flow = blameNewIssue(
    {
      commit: reader.commit,
      tree: reader.tree,
      changedFiles: (_, from, to) => git.changedFiles(path(), from, to),
      commitsBetween: (_, from, to, limit) => git.commits(path(), { to, not: from ?? undefined, limit }),
      blameLine: (_, from, place) => git.blameLine(path(), { ...place, not: from }),
    },
    {
      deploymentOf: async () => ({
        deploymentId: newId(),
        eventId: newId(),
        environment: 'production',
        startedAt: Date.now(),
        order: 12,
        ...range,
      }),
    },
    world.room,
  );
  running = runSubscription(world.database, flow, openLog({ level: 'silent' }), stop.signal);
});
afterAll(async () => {
  stop.abort();
  await running;
  await world.close();
  await rm(directory, { recursive: true, force: true });
});

async function suspectsOf(type: string, line: number, source: string) {
  const event = world.received({
    platform: 'python',
    release: 'r12-abc1234',
    environment: 'production',
    exception: {
      values: [
        {
          type,
          value: 'x',
          stacktrace: {
            frames: [
              { filename: 'shop/views.py', function: 'view', lineno: 2, in_app: true },
              { filename: 'shop/totals.py', function: 'total', lineno: line, context_line: source, in_app: true },
            ],
          },
        },
      ],
    },
  });
  await world.room.reception.accept([event]);
  const issue = await eventually('the issue is laid at its deployment', async () => {
    const { items } = await world.call<{ items: { id: string; type: string; suspect: unknown }[] }>('listIssues');
    return items.find((one) => one.type === type && one.suspect !== null);
  });
  const { suspect } = await world.call<{
    suspect: { deployment: { release: string } | null; commits: { sha: string; reason: string }[] };
  }>('getIssue', { params: { issueId: issue.id } });
  expect(suspect.deployment?.release).toBe('r12-abc1234');
  return suspect.commits.map(({ sha, reason }) => [shas.indexOf(sha), reason]);
}

it('the commit that last changed a line of the stack comes before one that touched its file', async () => {
  expect(await suspectsOf('KeyError', 6, '    return sum(cart["lines"]) * rate')).toEqual([
    [1, `line 6 of web/shop/totals.py was last changed in ${shas[1]!.slice(0, 7)} by Bo, shipped with r12`],
    [2, 'by Cy: touches shop/totals.py, frame 1 of the stack, shipped with r12'],
  ]);
});

it('a line older than the release before, one past the end, and one that reads otherwise there accuse nobody', async () => {
  const byFile = [
    [2, 'by Cy: touches shop/totals.py, frame 1 of the stack, shipped with r12'],
    [1, 'by Bo: touches shop/totals.py, frame 1 of the stack, shipped with r12'],
  ];
  expect(await suspectsOf('OldLine', 5, '    rate = cart["percent"]')).toEqual(byFile);
  expect(await suspectsOf('NoSuchLine', 60, '')).toEqual(byFile);
  expect(await suspectsOf('OtherText', 6, '    return 0')).toEqual(byFile);
});

it('the first release is blamed through all of its history', async () => {
  range = { previousSha: null, sha: shas[2]! };
  const [first] = await suspectsOf('FirstRelease', 5, '    rate = cart["percent"]');
  expect(first).toEqual([
    0,
    `line 5 of web/shop/totals.py was last changed in ${shas[0]!.slice(0, 7)} by Ada, shipped with r12`,
  ]);
});

it('a commit that is not in the repository leaves the deployment', async () => {
  range = { previousSha: shas[0]!, sha: 'f'.repeat(40) };
  expect(await suspectsOf('NoRepository', 6, '')).toEqual([]);
});
