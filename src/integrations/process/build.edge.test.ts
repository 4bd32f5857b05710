import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServiceSpec } from '../../deployments/port.ts';
import { openLog } from '../../platform/observe/log.ts';
import { type Launcher, openLauncher } from '../../platform/process/launcher.ts';
import { buildDirectory, filesOf } from './build.ts';
import { copyTree } from './copy-tree.ts';

let directory: string;
let launcher: Launcher;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-process-'));
  launcher = openLauncher({ log: openLog({ level: 'silent' }) });
});
afterAll(async () => {
  await launcher.close();
  await rm(directory, { recursive: true, force: true });
});

const service: ServiceSpec = {
  name: 'web',
  build: { context: '.', dockerfile: 'Dockerfile', args: {} },
  environment: {},
  ports: [],
  dependsOn: [],
  volumes: [],
  replicas: 1,
  stopSignal: 'SIGTERM',
  stopGraceMs: 1000,
  restart: 'always',
  labels: {},
  kind: 'application',
  process: {
    command: './run',
    // As a package manager: fetches into a cache at home, and puts what it fetched beside the program.
    build: 'date +%N >> "$HOME/fetched"; mkdir -p node_modules/a; cat main.txt > node_modules/a/index; echo built',
  },
};

async function build(main: string): Promise<{ reference: string; lines: string[] }> {
  const commit = await mkdtemp(join(directory, 'commit-'));
  await writeFile(join(commit, 'main.txt'), main);
  const lines: string[] = [];
  const deps = {
    outputs: join(directory, 'outputs'),
    inputs: join(directory, 'inputs'),
    homes: join(directory, 'homes'),
    launcher,
  };
  const { reference } = await buildDirectory(deps, {
    projectId: 'p',
    service,
    directory: commit,
    tag: 'p/web:r1',
    onLine: (line) => lines.push(line),
    signal: new AbortController().signal,
  });
  return { reference, lines };
}

test('what is built once from the same is not built again; what was fetched is no part of it', async () => {
  const first = await build('one');
  expect(first.lines).toContain('built');
  expect((await readdir(filesOf(first.reference))).sort()).toEqual(['main.txt', 'node_modules']);
  const again = await build('one');
  expect(again.reference).toBe(first.reference);
  expect(again.lines).not.toContain('built');
  const other = await build('two');
  expect(other.lines).toContain('built');
  expect(other.reference).not.toBe(first.reference);
  const fetched = await readFile(join(directory, 'homes', 'p', 'fetched'), 'utf8');
  expect(fetched.trim().split('\n')).toHaveLength(2);
});

test('a copy is the same and stands alone, also where files of packages are linked', async () => {
  const from = join(directory, 'from');
  await mkdir(join(from, 'app', 'node_modules', 'b'), { recursive: true });
  await writeFile(join(from, 'app', 'node_modules', 'b', 'index'), 'b');
  await writeFile(join(from, 'app', '-odd name'), 'own');
  await writeFile(join(from, '.hidden'), 'h');
  const to = join(directory, 'to');
  await mkdir(to);
  await copyTree(launcher, from, to, { linkDependencies: true });
  expect((await readdir(to, { recursive: true })).sort()).toEqual((await readdir(from, { recursive: true })).sort());
  const inode = async (root: string, path: string) => (await stat(join(root, path))).ino;
  expect(await inode(to, 'app/node_modules/b/index')).toBe(await inode(from, 'app/node_modules/b/index'));
  expect(await inode(to, 'app/-odd name')).not.toBe(await inode(from, 'app/-odd name'));
  expect((await stat(join(to, '.hidden'))).mtimeMs).toBe((await stat(join(from, '.hidden'))).mtimeMs);
  await writeFile(join(to, 'app', 'node_modules', 'new'), 'n');
  await rm(join(to, 'app', 'node_modules', 'b'), { recursive: true });
  expect(await readFile(join(from, 'app', 'node_modules', 'b', 'index'), 'utf8')).toBe('b');
  expect(await readdir(join(from, 'app', 'node_modules'))).toEqual(['b']);
});
