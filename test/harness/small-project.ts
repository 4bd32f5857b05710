import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Client } from '../../src/client/index.ts';
import { eventually } from './millrace.ts';

const run = promisify(execFile);

/** Lines that the counting step of each job prints, one every few hundredths of a second. */
export const countedLines = 40;
export const countedText = (job: string): string =>
  Array.from({ length: countedLines }, (_, index) => `${job} line ${index + 1}\n`).join('');

const count = (job: string): string =>
  `i=1; while [ $i -le ${countedLines} ]; do echo "${job} line $i"; i=$((i+1)); sleep 0.03; done`;

/** The pipeline of the small project, its jobs where `executor` says. */
export const smallPipeline = (executor = 'machine: true'): string => `version: 2.1
jobs:
  build:
    ${executor}
    steps:
      - checkout
      - restore_cache: { keys: ["deps-{{ checksum \\"deps.txt\\" }}"] }
      - run: { name: Count, command: '${count('build')}' }
      - run: { name: Make, command: 'mkdir -p deps out; cp deps.txt deps/kept; cat version.txt > out/made' }
      - save_cache: { key: "deps-{{ checksum \\"deps.txt\\" }}", paths: [deps] }
      - persist_to_workspace: { root: ., paths: [out] }
  one:
    ${executor}
    steps:
      - attach_workspace: { at: attached }
      - run: { name: Count, command: '${count('one')}' }
  two:
    ${executor}
    steps:
      - checkout
      - attach_workspace: { at: . }
      - run: { name: Compare, command: cmp out/made version.txt }
      - run: { name: Count, command: '${count('two')}' }
      - store_artifacts: { path: out/made }
workflows:
  all:
    jobs:
      - build
      - one: { requires: [build] }
      - two: { requires: [build] }
`;

const compose = `services:
  web:
    build: .
    command: node server.cjs
    ports: ["8000"]
    x-millrace: { health: /health }
`;

const settings = `environments:
  staging: { from: main }
  production: { from: staging }
rollout:
  healthyWithin: 60s
  drain: 1s
  verify: { for: 1s }
`;

const server = `const http = require('http');
const { readFileSync } = require('fs');
const version = readFileSync('version.txt', 'utf8').trim();
const server = http.createServer((request, response) => response.end(request.url === '/health' ? 'fine' : version));
server.listen(process.env.PORT, '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

/** A small project with everything the loop has in it: jobs, cache, workspace, artifact, a service, two environments. */
export interface SmallProject {
  slug: string;
  id: string;
  dsn: string;
  /** Commits `version` as what the service answers, by Bob or an author like `Ada <ada@example.test>`; resolves to the commit. */
  commit(version: string, author?: string): Promise<string>;
  /** Puts a file into the working copy; the next commit holds it. */
  write(path: string, content: string): Promise<void>;
  /** Pushes main once, to another address than its own if one is given; rejects with what git printed. */
  push(address?: string): Promise<string>;
  remove(): Promise<void>;
}

/** Makes the project on the server and a working copy of it. `files` are put over the ordinary ones; null leaves one out. */
export async function createSmallProject(
  options: { client: Client; token: string; url: string; slug?: string },
  files: Record<string, string | null> = {},
): Promise<SmallProject> {
  const slug = options.slug ?? 'small';
  const project = await options.client.projects.create({ body: { slug, name: slug } });
  const directory = await mkdtemp(join(tmpdir(), 'millrace-small-'));
  const git = async (...argv: string[]): Promise<string> => {
    const config = ['-c', 'user.name=Bob', '-c', 'user.email=bob@example.test', '-c', 'core.fsync=none'];
    const { stdout, stderr } = await run('git', [...config, '-C', directory, ...argv], {
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
      timeout: 60_000,
    });
    return stdout + stderr;
  };
  const all: Record<string, string | null> = {
    '.circleci/config.yml': smallPipeline(),
    'compose.yaml': compose,
    'millrace.yaml': settings,
    'server.cjs': server,
    'deps.txt': 'left-pad 1\n',
    ...files,
  };
  for (const [path, content] of Object.entries(all)) {
    if (content === null) continue;
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  await git('init', '-q', '-b', 'main');
  await git('remote', 'add', 'origin', `${options.url.replace('://', `://x:${options.token}@`)}/git/${slug}.git`);
  return {
    slug,
    id: project.id,
    dsn: project.dsn,
    async commit(version, author = 'Bob <bob@example.test>') {
      await writeFile(join(directory, 'version.txt'), `${version}\n`);
      await git('add', '-A');
      await git('commit', '-q', `--author=${author}`, '-m', `Version ${version}`);
      return (await git('rev-parse', 'HEAD')).trim();
    },
    write: (path, content) => writeFile(join(directory, path), content),
    push: (address = 'origin') => git('push', address, 'main'),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Waits until the newest run of a project has ended; resolves to it. Fails with what its jobs say unless all went well. */
export async function greenRun(client: Client, slug: string): Promise<{ id: string }> {
  const run = await eventually(
    'the run ended',
    async () => {
      const [newest] = (await client.pipelines.listRuns({ query: { project: slug } })).items;
      return newest?.finishedAt != null && newest;
    },
    120_000,
  );
  const { diagnostics, jobs } = await client.pipelines.getRun({ params: { id: run.id } });
  if (run.status !== 'success')
    throw new Error(`The run ${run.status}: ${JSON.stringify([diagnostics, jobs.map((job) => job.reason)])}`);
  return run;
}
