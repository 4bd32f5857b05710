import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { BuildOutput, BuildRequest } from '../../deployments/port.ts';
import { Fault } from '../../kernel/faults.ts';
import type { Launcher } from '../../platform/process/launcher.ts';
import { copyTree } from './copy-tree.ts';
import { digestOf } from './digest.ts';
import { type DockerfileFacts, readDockerfile } from './dockerfile.ts';
import { missingCommand } from './launch-plan.ts';
import { machineEnvironment } from './machine-environment.ts';

export const processBuildLimits = { dockerfileBytes: 256 * 1024, buildMs: 15 * 60_000 };

/** What is remembered beside the files of a build. */
export interface BuildFacts {
  dockerfile: DockerfileFacts | null;
}

/** Files of a build output lie here; what is known of it beside them. */
export const filesOf = (output: string): string => join(output, 'files');
export const factsOf = async (output: string): Promise<BuildFacts> =>
  JSON.parse(await readFile(join(output, 'build.json'), 'utf8')) as BuildFacts;

/**
 * "Builds" without an engine: the build context is copied, the build command of `x-millrace.process` runs in the copy, and the
 * result is a directory named by its content that is never written again.
 */
export async function buildDirectory(
  deps: {
    outputs: string;
    /** Remembers by digest of what went in what came out, as an engine's cache of layers does. */
    inputs: string;
    /** Home directories of builds, one a project: what they fetched once (caches of npm, pip) is there the next time. */
    homes: string;
    launcher: Launcher;
  },
  request: BuildRequest,
): Promise<BuildOutput> {
  const { service, onLine, signal } = request;
  const context = inside(request.directory, service.build?.context ?? '.');
  const dockerfile = await readDockerfileOf(context, request);
  if (dockerfile && dockerfile.skipped.length > 0 && service.process?.build === undefined) {
    onLine(
      `no container engine: ${dockerfile.skipped.length} RUN line(s) of the Dockerfile are not executed; ` +
        'what they install must be on this machine, or be made by x-millrace.process.build',
    );
  }
  const missing = missingCommand(service, dockerfile);
  if (missing) {
    throw new Fault('unprocessable', missing, {
      code: 'process.no-command',
      hint: 'Write x-millrace: { process: { command: ... } } at the service in the Compose file.',
    });
  }
  await mkdir(deps.outputs, { recursive: true });
  const scratch = await mkdtemp(join(deps.outputs, '.building-'));
  try {
    const files = filesOf(scratch);
    await mkdir(files);
    await copyTree(deps.launcher, context, files, { linkDependencies: false });
    await rm(join(files, '.git'), { recursive: true, force: true });
    const facts: BuildFacts = { dockerfile: dockerfile ?? null };
    await writeFile(join(scratch, 'build.json'), JSON.stringify(facts));
    const command = service.process?.build;
    const before = await digestOf(scratch);
    const remembered = join(
      deps.inputs,
      createHash('sha256')
        .update(`${before}\0${command ?? ''}`)
        .digest('hex'),
    );
    if (command !== undefined) {
      const known = await knownOutput(deps.outputs, remembered);
      if (known) {
        onLine(`$ ${command}`);
        onLine('nothing it is made from has changed: the earlier result is used');
        return { service: service.name, kind: 'directory', ...known };
      }
      const home = join(deps.homes, request.projectId);
      await mkdir(home, { recursive: true });
      await runBuild(deps.launcher, { cwd: files, home, command, onLine, signal });
    }
    signal.throwIfAborted();
    const digest = command === undefined ? before : await digestOf(scratch);
    const output = join(deps.outputs, digest);
    await rename(scratch, output).catch(async (error: NodeJS.ErrnoException) => {
      // The same content was built before: that copy is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      await access(join(output, 'build.json'));
    });
    if (command !== undefined) {
      await mkdir(deps.inputs, { recursive: true });
      await writeFile(remembered, digest);
    }
    return { service: service.name, kind: 'directory', reference: output, digest: `sha256:${digest}` };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function knownOutput(
  outputs: string,
  remembered: string,
): Promise<{ reference: string; digest: string } | undefined> {
  const digest = await readFile(remembered, 'utf8').catch(() => undefined);
  if (!digest || !/^[0-9a-f]{64}$/.test(digest)) return undefined;
  const reference = join(outputs, digest);
  return (await holdsOutput(reference)) ? { reference, digest: `sha256:${digest}` } : undefined;
}

/** Whether an output is there as a whole. */
export const holdsOutput = (output: string): Promise<boolean> =>
  access(join(output, 'build.json')).then(
    () => true,
    () => false,
  );

/** The output of a service that is only a command of this machine: no files. */
export async function emptyDirectory(outputs: string, service: string, signal: AbortSignal): Promise<BuildOutput> {
  const digest = 'empty';
  const output = join(outputs, digest);
  signal.throwIfAborted();
  await mkdir(filesOf(output), { recursive: true });
  await writeFile(join(output, 'build.json'), JSON.stringify({ dockerfile: null } satisfies BuildFacts));
  return { service, kind: 'directory', reference: output, digest };
}

async function readDockerfileOf(context: string, request: BuildRequest): Promise<DockerfileFacts | undefined> {
  const { build } = request.service;
  if (!build) return undefined;
  const text = await readFile(inside(context, build.dockerfile), 'utf8').catch(() => undefined);
  if (text === undefined || text.length > processBuildLimits.dockerfileBytes) return undefined;
  return readDockerfile(text, build.args, build.target);
}

async function runBuild(
  launcher: Launcher,
  build: { cwd: string; home: string; command: string; onLine: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const { cwd, home, command, onLine, signal } = build;
  onLine(`$ ${command}`);
  let rest = '';
  const result = await launcher.run({
    // The team's own command line, meant for a shell; nothing of anybody else is put into it.
    argv: ['/bin/sh', '-e', '-c', command],
    cwd,
    env: { ...machineEnvironment(), HOME: home },
    timeoutMs: processBuildLimits.buildMs,
    signal,
    onOutput: (chunk) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop()!;
      for (const line of lines) onLine(line);
    },
  });
  if (rest !== '') onLine(rest);
  if (result.exitCode === 0) return;
  const how = result.timedOut ? 'took too long' : `ended with ${result.exitCode ?? result.signal}`;
  throw new Fault('unprocessable', `The build command ${how}`, {
    code: 'process.build-failed',
    hint: 'Its output stands in the build log.',
  });
}

function inside(directory: string, path: string): string {
  const full = join(directory, path);
  if (full === directory || full.startsWith(directory + sep) || full === `${directory}${sep}`) return full;
  throw new Fault('unprocessable', `"${path}" lies outside the repository`, { code: 'process.outside' });
}
