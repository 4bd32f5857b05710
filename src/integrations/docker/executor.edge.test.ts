import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage, ensureBusyboxImage, hasDocker } from '../../../test/harness/busybox-image.ts';
import { type Engine, job, planOf, run, startEngine, temporaryDirectory } from '../../../test/harness/engine.ts';
import { type TestDatabase, testDatabase } from '../../../test/harness/postgres.ts';
import { agentsMigrations } from '../../agents/index.ts';
import { system } from '../../kernel/events.ts';
import { newId } from '../../kernel/ids.ts';
import { pipelinesMigrations } from '../../pipelines/index.ts';
import type { PlannedJob } from '../../pipelines/plan.ts';
import { openDocker } from './client.ts';
import { createDockerExecutor } from './executor.ts';

let store: TestDatabase;
let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let repository: Awaited<ReturnType<typeof temporaryDirectory>>;
let engine: Engine;

const docker = (...argv: string[]): string => execFileSync('docker', argv).toString();
const on = (image: Partial<{ user: string }> = {}, ...services: object[]): Partial<PlannedJob> => ({
  shell: '/bin/bash -eo pipefail',
  executor: {
    kind: 'docker',
    images: [{ image: busyboxImage, environment: {}, ...image }, ...(services as [])],
  },
});

describe.skipIf(!hasDocker())('jobs in containers', () => {
  beforeAll(async () => {
    await ensureBusyboxImage();
    store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
    home = await temporaryDirectory();
    repository = await temporaryDirectory();
    const git = (...argv: string[]) =>
      execFileSync('git', ['-C', repository.path, '-c', 'user.name=A', '-c', 'user.email=a@example.test', ...argv]);
    git('init', '-q', '-b', 'main');
    await writeFile(join(repository.path, 'hello.txt'), 'hello\n');
    git('add', '.');
    git('commit', '-q', '-m', 'First');
    engine = await startEngine({ url: store.url, dataDir: home.path, repository: repository.path, docker: true });
  });
  afterAll(async () => {
    await engine?.stop();
    await store?.close();
    await home?.remove();
    await repository?.remove();
  });

  async function begin(...jobs: PlannedJob[]): Promise<string> {
    await writeFile(join(repository.path, 'pipeline.json'), planOf(...jobs));
    return (await engine.start()).id;
  }
  const logOf = (jobId: string, step: number): Promise<string> =>
    readFile(engine.pipelines.files.log(jobId, step), 'utf8').catch(String);
  async function whole(jobId: string): Promise<string> {
    const { steps } = await engine.pipelines.readJob(jobId);
    return (await Promise.all(steps.map(async (step) => `${step.name}: ${await logOf(jobId, step.number)}`))).join(
      '\n',
    );
  }

  it('run as the image’s user, without bash, with files and services on localhost', async () => {
    const id = await begin(
      job(
        'web',
        [
          { kind: 'checkout', name: 'Checkout', when: 'on_success' },
          run(
            'cat hello.txt; id -un; echo "$PWD $MODE"; ls -ld .git | cut -c1-3; ls -l hello.txt | tr -s " " | cut -d" " -f3',
          ),
          run(
            'for i in 1 2 3 4 5 6 7 8 9; do wget -qO- http://localhost:8099/ && break; sleep 0.2; done; wget -qO- http://store:8099/',
          ),
          { kind: 'store_artifacts', name: 'Artifacts', when: 'always', path: 'hello.txt' },
          run('circleci tests glob "*.txt"'),
        ],
        {
          ...on(
            { user: 'ada' },
            {
              image: busyboxImage,
              name: 'store',
              environment: { WORD: 'served' },
              command: ['sh', '-c', 'mkdir -p /tmp/w; echo $WORD > /tmp/w/index.html; exec httpd -f -p 8099 -h /tmp/w'],
            },
          ),
          environment: { MODE: 'test' },
        },
      ),
    );
    const ended = await engine.ended(id);
    const jobId = ended.jobs[0]!.id;
    expect(ended.status, await whole(jobId)).toBe('success');
    expect(await logOf(jobId, 2)).toBe('hello\nada\n/home/ada/project test\ndrw\nada\n');
    expect(await logOf(jobId, 3)).toContain('served\nserved\n');
    expect(await logOf(jobId, 5)).toBe('hello.txt\n');
    expect((await engine.pipelines.readJob(jobId)).artifacts).toBe(1);
    await engine.until(async () => docker('ps', '-aq', '--filter', `label=millrace.place=${jobId}`).trim() === '');
  });

  it('are canceled within seconds, and clean up after themselves', async () => {
    const id = await begin(job('long', [run('echo begun; sleep 60'), run('echo cleaned', { when: 'always' })], on()));
    const running = await engine.until(async () => {
      const now = await engine.pipelines.readRun(id);
      return now.jobs[0] && (await logOf(now.jobs[0].id, 1)).includes('begun') && now;
    });
    await engine.pipelines.cancelRun(id, system('somebody'));
    const ended = await engine.ended(id);
    expect(ended.status).toBe('canceled');
    expect(await logOf(running.jobs[0]!.id, 2)).toBe('cleaned\n');
  });

  it('tell plainly when the container is taken away or the image cannot be had', async () => {
    const id = await begin(
      job('taken', [run('echo begun; sleep 60')], on()),
      job('nowhere', [run('true')], {
        executor: { kind: 'docker', images: [{ image: 'localhost:1/none:1', environment: {} }] },
      }),
    );
    const jobId = await engine.until(async () => {
      const now = (await engine.pipelines.readRun(id)).jobs[0];
      return now && (await logOf(now.id, 1)).includes('begun') && now.id;
    });
    docker('rm', '-f', `millrace-job-${jobId}`);
    const ended = await engine.ended(id);
    expect(ended.jobs.map((each) => each.status)).toEqual(['infrastructure_fail', 'infrastructure_fail']);
    expect(ended.jobs[0]!.reason).toMatch(/container (is gone|ended)/);
    expect(ended.jobs[1]!.reason).toContain('localhost:1/none:1');
    expect(await logOf(jobId, 1)).toBe('begun\n');
  });

  it('get caches with owners, modes and links, whether or not the image has a tar, and cannot touch what is kept', async () => {
    const save = {
      kind: 'save_cache' as const,
      name: 'Save',
      when: 'on_success' as const,
      key: 'owned',
      paths: ['/opt/kept'],
    };
    const restore = { kind: 'restore_cache' as const, name: 'Restore', when: 'on_success' as const, keys: ['owned'] };
    const look = run(
      'cd /opt/kept; stat -c "%u:%g %a %n" mine sub/tool; readlink link; cat sub/tool; ls -A /.millrace-given',
    );
    const made = await engine.ended(
      await begin(
        job(
          'make',
          [
            run(
              'mkdir -p /opt/kept/sub; cd /opt/kept; echo 1 > mine; chown 1000:1000 mine; echo tool > sub/tool; chmod 750 sub/tool; ln -s sub/tool link',
            ),
            save,
          ],
          on(),
        ),
      ),
    );
    expect(made.status, await whole(made.jobs[0]!.id)).toBe('success');
    for (const before of ['if touch /.millrace-given/x; then exit 1; fi', 'rm /bin/tar']) {
      const { jobs } = await engine.ended(await begin(job('use', [run(before), restore, look], on())));
      expect(jobs[0]!.status, await whole(jobs[0]!.id)).toBe('success');
      expect(await logOf(jobs[0]!.id, 3)).toBe('1000:1000 644 mine\n0:0 750 sub/tool\nsub/tool\ntool\n');
    }
  });

  it('leave the entrypoint of the first image alone, unless the file gives one or the image asks for it', async () => {
    const image = 'millrace-test-entrypoint:1';
    const stay = (word: string) => ['/bin/sh', '-c', `echo ${word} > /tmp/up; exec sleep 600`];
    const file = (labels: string) =>
      `FROM ${busyboxImage}\nENTRYPOINT ${JSON.stringify(stay('image'))}\n${labels}CMD ["sh"]\n`;
    const build = (tag: string, text: string) =>
      execFileSync('docker', ['build', '-q', '-t', tag, '-'], { input: text, stdio: ['pipe', 'pipe', 'ignore'] });
    build(image, file(''));
    build(`${image}-kept`, file('LABEL com.circleci.preserve-entrypoint=true\n'));
    const first = (name: string, own: object, steps = [run('cat /tmp/up 2>/dev/null || echo none')]) =>
      job(name, steps, { ...on(own) });
    const ended = await engine.ended(
      await begin(
        first('passed over', { image }),
        first('kept', { image: `${image}-kept` }),
        first('given', { image, entrypoint: stay('file') }),
        first('emptied', { image: busyboxImage, entrypoint: [''] }),
        first('killed', { image: `${image}-kept` }, [run('kill -9 $PPID; sleep 60')]),
      ),
    );
    const told = async (name: string) => {
      const one = ended.jobs.find((each) => each.name === name)!;
      return [one.status, one.status === 'success' ? await logOf(one.id, 1) : one.reason];
    };
    expect(await told('passed over')).toEqual(['success', 'none\n']);
    expect(await told('kept')).toEqual(['success', 'image\n']);
    expect(await told('given')).toEqual(['success', 'file\n']);
    expect(await told('emptied')).toEqual(['success', 'none\n']);
    expect(await told('killed')).toEqual(['infrastructure_fail', 'The step driver ended']);
    for (const tag of [image, `${image}-kept`]) docker('rmi', '-f', tag);
  });

  it('are found again by their place', async () => {
    const id = await begin(job('found', [run('echo begun; sleep 2; echo done')], on()));
    const jobId = await engine.until(async () => (await engine.pipelines.readRun(id)).jobs[0]?.id);
    await engine.until(async () => (await logOf(jobId, 1)).includes('begun'));
    const request = {
      placeId: jobId,
      controlDir: engine.pipelines.files.control(jobId),
      placeDir: engine.pipelines.files.place(jobId),
      images: [],
      engineAccess: false,
      onProgress: () => {},
    };
    const place = await createDockerExecutor({ docker: openDocker() }).adopt(request);
    expect(place).toBeDefined();
    await expect(place!.copyOut('/nowhere')).rejects.toMatchObject({ kind: 'missing' });
    place!.release();
    await sleep(10);
    expect((await engine.ended(id)).status).toBe('success');
  });

  it('are lost with a driver that dies before anybody looked at it, though its subshells live on', async () => {
    const [control, place] = [await temporaryDirectory(), await temporaryDirectory()];
    const program = `echo $$ >"\${0%/*}/pid"\n( sleep 60; : ) &\nkill -9 $$\n`;
    await writeFile(join(control.path, 'driver.sh'), program);
    const executor = createDockerExecutor({ docker: openDocker() });
    const placeId = newId();
    const entered = await executor.prepare({
      placeId,
      controlDir: control.path,
      placeDir: place.path,
      images: [{ image: busyboxImage, environment: {}, entrypoint: ['/bin/sh', '-c', 'exec sleep 60'] }],
      engineAccess: false,
      onProgress: () => {},
    });
    try {
      expect(await Promise.race([entered.lost, sleep(30_000, 'still watched')])).toBe('The step driver ended');
    } finally {
      entered.release();
      await executor.destroy(placeId);
      await Promise.all([control.remove(), place.remove()]);
    }
  });
});
