import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import tar from 'tar-stream';
import type { BuildOutput, BuildRequest } from '../../deployments/port.ts';
import { Fault } from '../../kernel/faults.ts';
import type { DockerEngine } from './client.ts';
import { readIgnore } from './ignore.ts';
import { label } from './labels.ts';

export const imageBuildLimits = { contextBytes: 4 * 1024 ** 3, contextFiles: 300_000, silenceMs: 10 * 60_000 };

/** The Dockerfile in the archive; a name no context holds by itself. */
const sentDockerfile = '.millrace.Dockerfile';

/**
 * Builds an image from the commit's context. The classic builder is asked, which every engine has; BuildKit only for a Dockerfile
 * that cannot be read without it. A `# syntax=` line is taken out: it would make the engine fetch a builder from a registry.
 */
export async function buildImage(docker: DockerEngine, request: BuildRequest): Promise<BuildOutput> {
  const { service, onLine, signal, tag } = request;
  const build = service.build!;
  const context = inside(request.directory, build.context);
  const dockerfile = await readFile(inside(context, build.dockerfile), 'utf8').catch(() => undefined);
  if (dockerfile === undefined) {
    throw new Fault('unprocessable', `"${service.name}" has no ${build.dockerfile} in ${build.context}`, {
      code: 'docker.no-dockerfile',
      hint: 'Name the file in build.dockerfile, relative to the build context.',
    });
  }
  const own = await readFile(inside(context, `${build.dockerfile}.dockerignore`), 'utf8').catch(() => undefined);
  const ignore = own ?? (await readFile(join(context, '.dockerignore'), 'utf8').catch(() => ''));
  const archive = packContext(context, readIgnore(ignore), withoutSyntax(dockerfile));
  const needsBuildKit = /^\s*(RUN\s+--mount|(COPY|ADD)\s+.*--(link|chmod|exclude)|(RUN|COPY)\s.*<<)/m.test(dockerfile);
  if (needsBuildKit) onLine('This Dockerfile needs BuildKit: its steps are not shown one by one.');
  try {
    const options: Docker.ImageBuildOptions = {
      t: tag,
      dockerfile: sentDockerfile,
      buildargs: build.args,
      ...(build.target === undefined ? {} : { target: build.target }),
      labels: { [label.project]: request.projectId, [label.service]: service.name },
      rm: true,
      forcerm: true,
      version: needsBuildKit ? '2' : '1',
    };
    const stream = await docker.buildImage(archive, options);
    await follow(stream as Readable, onLine, signal);
    const image = await docker.getImage(tag).inspect();
    return { service: service.name, kind: 'image', reference: image.Id, digest: image.Id };
  } finally {
    archive.destroy();
  }
}

const withoutSyntax = (dockerfile: string): string => dockerfile.replace(/^\s*#\s*syntax\s*=.*$/im, '#');

interface BuildEvent {
  stream?: string;
  status?: string;
  id?: string;
  progress?: string;
  error?: string;
}

/** Hands the builder's words over line by line until it is done; rejects with its error. */
async function follow(stream: Readable, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
  const stop = (): void => void stream.destroy(new Error('the build was stopped'));
  signal.addEventListener('abort', stop, { once: true });
  let silence = setTimeout(stop, imageBuildLimits.silenceMs);
  let rest = '';
  let text = '';
  try {
    for await (const chunk of stream) {
      clearTimeout(silence);
      silence = setTimeout(stop, imageBuildLimits.silenceMs);
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.trim() === '') continue;
        const event = JSON.parse(line) as BuildEvent;
        if (event.error !== undefined) throw buildFailed(event.error);
        text +=
          event.stream ??
          (event.status && !event.progress ? `${event.id ? `${event.id}: ` : ''}${event.status}\n` : '');
        const whole = text.split('\n');
        text = whole.pop()!;
        for (const each of whole) if (each.trim() !== '') onLine(each);
      }
    }
    if (text.trim() !== '') onLine(text);
    if (rest.trim() !== '') {
      const event = JSON.parse(rest) as BuildEvent;
      if (event.error !== undefined) throw buildFailed(event.error);
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', stop);
  }
}

const buildFailed = (reason: string): Fault =>
  new Fault('unprocessable', `The image could not be built: ${reason.trim()}`, {
    code: 'docker.build-failed',
    hint: 'The build log shows the step.',
  });

/** The context as a tar stream, without what is ignored, with the Dockerfile under a name of its own. */
function packContext(context: string, ignored: (path: string) => boolean, dockerfile: string): Readable {
  const pack = tar.pack();
  const out = new PassThrough();
  let bytes = 0;
  let files = 0;
  const walk = async (relative: string): Promise<void> => {
    for (const name of (await readdir(join(context, relative))).sort()) {
      const path = relative === '' ? name : `${relative}/${name}`;
      if (path === '.git') continue;
      const full = join(context, path);
      const facts = await lstat(full);
      if (facts.isDirectory()) {
        // Walked even when ignored: a later line may take something inside back.
        if (!ignored(path)) pack.entry({ name: `${path}/`, type: 'directory', mode: facts.mode & 0o777 });
        await walk(path);
        continue;
      }
      if (ignored(path)) continue;
      files += 1;
      bytes += facts.size;
      if (bytes > imageBuildLimits.contextBytes || files > imageBuildLimits.contextFiles) {
        throw new Fault('unprocessable', 'The build context is too large', {
          code: 'docker.context-too-large',
          hint: 'Leave files out with a .dockerignore.',
        });
      }
      // Times are left out, so that the engine's cache is not missed because of a fresh check-out.
      const common = { name: path, mode: facts.mode & 0o777, mtime: new Date(0) };
      if (facts.isSymbolicLink()) pack.entry({ ...common, type: 'symlink', linkname: await readlink(full) });
      else if (facts.isFile()) await pipeline(createReadStream(full), pack.entry({ ...common, size: facts.size }));
    }
  };
  walk('').then(
    () => {
      pack.entry({ name: sentDockerfile, mtime: new Date(0) }, dockerfile);
      pack.finalize();
    },
    (error: Error) => pack.destroy(error),
  );
  pipeline(pack, out).catch((error: Error) => out.destroy(error));
  return out;
}

function inside(directory: string, path: string): string {
  const full = join(directory, path);
  if (full === directory || full.startsWith(directory + sep) || full === `${directory}${sep}`) return full;
  throw new Fault('unprocessable', `"${path}" lies outside the repository`, { code: 'docker.outside' });
}
