import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let home: string;
let tree: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'millrace-run-'));
  // The store of root runs under another user, who must be able to pass through.
  await chmod(home, 0o755);
  tree = join(home, 'tree');
  await mkdir(join(tree, '.circleci'), { recursive: true });
});
afterAll(() => rm(home, { recursive: true, force: true }));

function millrace(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const argv = [
    '--import',
    join(repository, 'node_modules/tsx/dist/esm/index.mjs'),
    join(repository, 'src/cli/main.ts'),
    ...args,
  ];
  const env = { ...process.env, MILLRACE_LOCAL: join(home, 'local'), TOKEN: 'a-very-secret-value', NO_COLOR: '1' };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, argv, { cwd: tree, env, timeout: 100_000 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }),
    );
    child.stdin?.end();
  });
}

const config = (test: string): string => `version: 2.1
jobs:
  build:
    machine: true
    steps: [checkout, { run: echo made > made }, { persist_to_workspace: { root: ., paths: [made] } }]
  test:
    machine: true
    steps: [{ attach_workspace: { at: . } }, { run: "${test}" }]
workflows:
  w: { jobs: [build, { test: { requires: [build] } }] }
`;

describe('millrace run, lint and explain on a working tree', () => {
  it('runs what stands there, passes files on, masks secrets, and says how it ended', async () => {
    await writeFile(join(tree, '.circleci/config.yml'), config('cat made; echo $TOKEN'));
    const { code, out } = await millrace('run', '--secret', 'TOKEN');
    expect(out).toContain('made\n****\n');
    expect(out).not.toContain('a-very-secret-value');
    expect(out).toMatch(/#1 success/);
    expect(code).toBe(0);
  });

  it('ends with 1 and the step’s exit status when a job fails, as JSON too', async () => {
    await writeFile(join(tree, '.circleci/config.yml'), config('exit 3'));
    const { code, out } = await millrace('run', '--json');
    const ended = JSON.parse(out) as { status: string; jobs: { name: string; status: string }[] };
    expect(ended.status).toBe('failed');
    expect(ended.jobs.map((job) => `${job.name} ${job.status}`)).toEqual(['build success', 'test failed']);
    expect(code).toBe(1);
  });

  it('runs nothing of a file with errors, and tells them as lint does', async () => {
    await writeFile(join(tree, '.circleci/config.yml'), config('x').replace('machine: true', 'machin: true'));
    expect((await millrace('run')).code).toBe(1);
    const lint = await millrace('lint', '--json', '.circleci/config.yml');
    const result = JSON.parse(lint.out) as {
      ok: boolean;
      format: string;
      problems: { line: number; message: string }[];
    };
    expect(result).toMatchObject({ file: '.circleci/config.yml', format: 'circleci', ok: false });
    expect(result.problems).toContainEqual(
      expect.objectContaining({ line: 4, message: 'Job "build" has no key "machin"' }),
    );
    expect(lint.code).toBe(1);
    expect((await millrace('lint')).code).toBe(2);
  });

  it('prints the expanded plan', async () => {
    await writeFile(join(tree, '.circleci/config.yml'), config('true'));
    const { code, out } = await millrace('explain', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      dialect: 'circleci',
      workflows: [{ name: 'w', jobs: [{ name: 'build' }, { name: 'test' }] }],
    });
  });

  it('prints what a schedule would run, and refuses one that is none', async () => {
    const branches = '{ only: /.*/ }';
    await writeFile(
      join(tree, '.circleci/config.yml'),
      `${config('true')}  nightly: { jobs: [build], triggers: [{ schedule: { cron: "0 3 * * *", filters: { branches: ${branches} } } }] }\n`,
    );
    const nightly = await millrace('explain', '--json', '--schedule', 'nightly');
    expect(JSON.parse(nightly.out)).toMatchObject({ ok: true, workflows: [{ name: 'nightly' }] });
    expect((await millrace('explain')).out).toContain('nightly  0 3 * * *');
    const other = await millrace('explain', '--json', '--schedule', 'w');
    expect(other.code).toBe(1);
    expect(JSON.parse(other.out).problems[0].hint).toBe('There is: nightly.');
  });
});
