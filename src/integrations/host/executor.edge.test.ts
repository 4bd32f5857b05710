import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import {
  JournalFollower,
  tellAlive,
  tellAnswer,
  tellCanceled,
  tellGo,
  writeControl,
} from '../../pipelines/driver/control.ts';
import type { DriverStep } from '../../pipelines/driver/program.ts';
import type { PlaceRequest } from '../../pipelines/port.ts';
import { createHostExecutor } from './executor.ts';

const executor = createHostExecutor();
let root: string;
let request: PlaceRequest;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-host-'));
  request = {
    placeId: newId(),
    controlDir: join(root, 'control'),
    placeDir: join(root, 'place'),
    images: [],
    engineAccess: false,
    onProgress: () => {},
  };
});
afterEach(async () => {
  await executor.destroy(request.placeId);
  await rm(root, { recursive: true, force: true });
});

const run = (number: number, more: Partial<DriverStep & { kind: 'run' }> = {}): DriverStep => ({
  number,
  kind: 'run',
  when: 'on_success',
  shell: '/bin/bash -eo pipefail',
  environment: {},
  background: false,
  reruns: 0,
  rerunDelayMs: 0,
  ...more,
});

async function start(
  steps: [DriverStep, string?][],
  environment: Record<string, string> = {},
): Promise<JournalFollower> {
  await writeControl(request.controlDir, {
    program: { workingDirectory: '~/project', steps: steps.map(([step]) => step) },
    environment,
    scripts: new Map(steps.map(([step, script]) => [step.number, script ?? ''])),
  });
  (await executor.prepare(request)).release();
  await tellGo(request.controlDir);
  return new JournalFollower(request.controlDir);
}

async function until(follower: JournalFollower, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) {
    await follower.poll();
    if (holds()) return;
    await sleep(10);
  }
  throw new Error(
    `never: ${JSON.stringify([...follower.journal.steps])} ${await readFile(join(request.controlDir, 'driver.out'), 'utf8')}`,
  );
}
const output = (step: number): Promise<string> => readFile(join(request.controlDir, `steps/${step}/out`), 'utf8');
const end = async (follower: JournalFollower): Promise<void> =>
  until(follower, () => follower.journal.ended !== undefined);
const codes = (follower: JournalFollower): unknown[] =>
  [...follower.journal.steps]
    .sort((a, b) => a[0] - b[0])
    .map(([, step]) => (step.state === 'skipped' ? 'skipped' : step.exitCode));

describe('the driver on the host', () => {
  it('runs steps by itself and keeps what they print and how they end', async () => {
    const before = Date.now();
    const follower = await start(
      [
        [run(1), 'echo "one in $PWD"; echo err >&2; sleep 0.1'],
        [run(2, { environment: { WHO: `it's "me" $HOME` }, workingDirectory: 'a b' }), 'echo "$WHO"'],
        [run(3), 'exit 7'],
        [run(4), 'echo never'],
        [run(5, { when: 'always' }), 'echo always'],
        [run(6, { when: 'on_fail' }), 'echo failed'],
      ],
      {},
    );
    await end(follower);
    expect(codes(follower)).toEqual([0, 1, 'skipped', 'skipped', 0, 0]);
    expect(await output(1)).toBe(`one in ${request.placeDir}/home/project\nerr\n`);
    expect(await output(2)).toContain('a b');
    expect(follower.journal.ended?.failed).toBe(true);
    const first = follower.journal.steps.get(1)!;
    expect(first.startedAt).toBeGreaterThan(before - 100);
    expect(first.endedAt! - first.startedAt!).toBeGreaterThanOrEqual(80);
  });

  it('goes on when the server that answered it died before it could wake it', async () => {
    const follower = await start([[{ number: 1, kind: 'ask', when: 'on_success' }], [run(2), 'echo went on']]);
    await until(follower, () => follower.journal.steps.get(1)?.state === 'running');
    await sleep(200);
    // The answer is there, whole, and nobody was woken.
    await writeFile(join(request.controlDir, 'steps/1/answer'), '0\n');
    await sleep(500);
    await follower.poll();
    expect(follower.journal.steps.get(1)?.state).toBe('running');
    await tellAlive(request.controlDir);
    await end(follower);
    expect(codes(follower)).toEqual([0, 0]);
  });

  it('carries the environment, BASH_ENV and the shims from step to step', async () => {
    const follower = await start(
      [
        [run(1), `echo 'export NEXT="from one"' >> "$BASH_ENV"; mkdir -p t/x; touch t/a_test.py t/x/b_test.py t/c.py`],
        [run(2), 'echo "$NEXT $QUOTED"'],
        [
          run(3),
          'circleci tests glob "t/**/*_test.py" "t/{c,d}.py" | CIRCLE_NODE_TOTAL=2 circleci tests split --split-by=name',
        ],
        [run(4), `echo 'v=$QUOTED \${NEXT}!' | circleci env subst`],
        [run(5), 'circleci-agent step halt; echo still here'],
        [run(6), 'echo never'],
      ],
      { QUOTED: `a'b"c\nd` },
    );
    await end(follower);
    expect(await output(2)).toBe(`from one a'b"c\nd\n`);
    expect(await output(3)).toBe('t/a_test.py\nt/x/b_test.py\n');
    expect(await output(4)).toContain('from one!');
    expect(await output(5)).toBe('still here\n');
    expect(codes(follower)).toEqual([0, 0, 0, 0, 0, 'skipped']);
    expect(follower.journal.ended?.failed).toBe(false);
  });

  it('asks the server and waits for its answer', async () => {
    const follower = await start([
      [{ number: 1, kind: 'ask', when: 'on_success' }],
      [run(2), 'echo after'],
      [{ number: 3, kind: 'ask', when: 'always' }],
    ]);
    await until(follower, () => follower.journal.steps.get(1)?.state === 'running');
    await sleep(100);
    expect(follower.journal.steps.has(2)).toBe(false);
    await tellAnswer(request.controlDir, 1, 0);
    await until(follower, () => follower.journal.steps.get(3)?.state === 'running');
    expect(await output(2)).toBe('after\n');
    await tellAnswer(request.controlDir, 3, 4);
    await end(follower);
    expect(codes(follower)).toEqual([0, 0, 4]);
  });

  it('runs background steps beside the others, tries again as told, and takes other shells', async () => {
    await writeFile(join(root, 'count'), '');
    const follower = await start([
      [run(1, { background: true }), 'echo up; sleep 30'],
      [run(2, { reruns: 2, rerunDelayMs: 10 }), `echo x >> ${root}/count; [ $(wc -l < ${root}/count) -ge 3 ]`],
      [run(3, { shell: 'python3 -u' }), 'import sys; print("py", sys.argv[0][-6:])'],
      [run(4, { shell: '/bin/sh -e' }), 'false; echo never'],
    ]);
    await end(follower);
    expect(codes(follower)).toEqual([undefined, 0, 0, 1]);
    expect(follower.journal.steps.get(2)?.retried).toBe(2);
    expect(await output(3)).toBe('py script\n');
  });

  it('is interrupted step by step, and only what always runs still runs after a cancel', async () => {
    const follower = await start([
      [run(1), 'trap "echo caught; exit 3" TERM; echo ready; sleep 30 & wait'],
      [run(2), 'echo never'],
      [run(3, { when: 'always' }), 'echo cleanup'],
    ]);
    await until(follower, () => (follower.journal.steps.get(1)?.group ?? 0) > 0);
    await sleep(100);
    const place = (await executor.adopt(request))!;
    await tellCanceled(request.controlDir);
    await place.signal(follower.journal.steps.get(1)!.group, 'TERM');
    await end(follower);
    expect(codes(follower)).toEqual([3, 'skipped', 0]);
    expect(await output(1)).toBe('ready\ncaught\n');
    place.release();
  });

  it('tells when the driver died, and leaves nothing behind', async () => {
    const follower = await start([[run(1), '(trap "" TERM HUP; setsid sleep 77 & setsid sleep 77 & wait)']]);
    await until(follower, () => (follower.journal.steps.get(1)?.group ?? 0) > 0);
    const place = (await executor.adopt(request))!;
    process.kill(Number.parseInt(await readFile(join(request.controlDir, 'pid'), 'utf8'), 10), 'SIGKILL');
    expect(await place.lost).toContain('gone');
    await executor.destroy(request.placeId);
    await expect(executor.adopt(request)).resolves.toBeDefined();
  });

  it('ends with its step when the directory of the server is removed: nobody will ever ask for it', async () => {
    const follower = await start([[run(1), 'sleep 778']]);
    await until(follower, () => (follower.journal.steps.get(1)?.group ?? 0) > 0);
    const driver = Number.parseInt(await readFile(join(request.controlDir, 'pid'), 'utf8'), 10);
    const { group } = follower.journal.steps.get(1)!;
    const runs = (pid: number): boolean => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    expect([runs(driver), runs(-group!)]).toEqual([true, true]);
    await rm(root, { recursive: true, force: true });
    // It looks twice a minute.
    await expect.poll(() => [runs(driver), runs(-group!)], { timeout: 90_000 }).toEqual([false, false]);
  });
});
