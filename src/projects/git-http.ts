import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { PassThrough, type Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authorize } from '../identity/index.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import * as commands from '../platform/git/commands.ts';
import { collectErrors, exitOf, killGit, runGit, spawnGit } from '../platform/git/run.ts';
import type { HttpIntake } from '../platform/http/contract.ts';
import type { Principal } from '../platform/http/principal.ts';
import { awayFault } from '../platform/postgres/away.ts';
import type { ProjectsDeps } from './deps.ts';
import { hookEnvironment, installHooks } from './hooks.ts';
import { gitLimits } from './limits.ts';
import type { Project } from './project.ts';
import { receiptsPath, repositoryPath, settleProject } from './record-pushes.ts';
import { numberedId } from './settle.ts';
import * as store from './store.ts';

interface Target {
  project: Project;
  repository: string;
  principal: Principal;
}

/** Pushes under way in this process, by project: while there are any, a missing receipt means nothing. */
export interface PushesUnderWay {
  count(projectId: string): number;
}

/**
 * Git over smart HTTP at `/git/<slug>.git`, served by the system's git. Bodies are streamed both ways and never held;
 * what is refused is said in plain text, which git shows to its user.
 */
export function gitIntake(deps: ProjectsDeps): { intake: HttpIntake; underWay: PushesUnderWay } {
  const pushes = new Map<string, number>();
  let running = 0;
  let hooks: Promise<string> | undefined;

  const find = async (request: FastifyRequest, service: commands.Service): Promise<Target> => {
    const principal = await deps.identity.authenticateBasic(request);
    const isPush = service === 'receive-pack';
    const wish = { room: 'projects', method: isPush ? 'POST' : 'GET', role: isPush ? 'developer' : 'viewer' } as const;
    const decision = authorize(principal, wish);
    if (!decision.allowed || !principal) {
      const { kind, message, code, hint } = decision as Extract<typeof decision, { allowed: false }>;
      throw new Fault(kind, message, { code, hint });
    }
    const slug = (request.params as { repository: string }).repository.replace(/\.git$/, '');
    const project = await store.projectBySlug(deps.database, slug);
    if (!project) {
      throw new Fault('missing', `There is no project "${slug}"`, { code: 'projects.not-found' });
    }
    const remote = isPush ? await store.remoteOf(deps.database, project.id) : undefined;
    if (remote) {
      throw new Fault('forbidden', `This project mirrors ${remote.url}`, {
        code: 'projects.mirror',
        hint: 'Push there; Millrace fetches it at once.',
      });
    }
    return { project, repository: repositoryPath(deps.dataDir, project.id), principal };
  };

  const start = (command: commands.GitCommand): ChildProcessWithoutNullStreams => {
    if (running >= gitLimits.concurrent) {
      throw new Fault('unavailable', 'Too many git clients at once', { code: 'projects.git-busy', retryAfter: 5 });
    }
    running += 1;
    const child = spawnGit(command);
    child.once('close', () => {
      running -= 1;
    });
    return child;
  };

  const advertise = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const service = serviceOf((request.query as { service?: string }).service);
    const { repository } = await find(request, service);
    // Said before the client sends anything.
    if (service === 'receive-pack') deps.demandRoom?.();
    // Pushes know no version 2; git answers them in the old way, whatever the client asks.
    const protocol = service === 'upload-pack' ? headerOf(request, 'git-protocol') : undefined;
    const command = commands.advertise(repository, service, protocol);
    const { stdout } = await runGit(command, { timeoutMs: gitLimits.advertiseMs });
    const isV2 = command.env.GIT_PROTOCOL?.includes('version=2') === true;
    const greeting = isV2 ? '' : `${packetLine(`# service=git-${service}\n`)}0000`;
    return reply
      .header('cache-control', 'no-cache')
      .type(`application/x-git-${service}-advertisement`)
      .send(Buffer.concat([Buffer.from(greeting), stdout]));
  };

  const upload = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { repository } = await find(request, 'upload-pack');
    const child = start(commands.uploadPack(repository, headerOf(request, 'git-protocol')));
    const stderr = collectErrors(child);
    feed(request, child, gitLimits.fetchRequestBytes);
    reply.raw.on('close', () => killGit(child));
    exitOf(child).catch((error: Error) => deps.log.error({ err: error, stderr: stderr() }, 'a fetch failed'));
    return reply.header('cache-control', 'no-cache').type('application/x-git-upload-pack-result').send(child.stdout);
  };

  const receive = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { project, repository, principal } = await find(request, 'receive-pack');
    deps.demandRoom?.();
    hooks ??= installHooks(deps.dataDir);
    const hooksDirectory = await hooks;
    const pusher = { personId: principal.personId, name: principal.name };
    const command = commands.receivePack(repository, {
      limitBytes: project.settings.pushLimitBytes,
      hooksDirectory,
      hookEnvironment: hookEnvironment({
        pushId: numberedId(newId(), 0),
        runId: numberedId(newId(), 0),
        receiptsDirectory: receiptsPath(deps.dataDir, project.id),
        projectUrl: `${deps.publicUrl()}/${project.slug}`,
        pusher,
      }),
    });
    const child = start(command);
    const stderr = collectErrors(child);
    pushes.set(project.id, (pushes.get(project.id) ?? 0) + 1);
    feed(request, child, Number.POSITIVE_INFINITY);
    const output = new PassThrough();
    child.stdout.pipe(output, { end: false });
    // Once the refs moved, nobody listening is no reason to stop: git must get rid of what it says.
    output.on('close', () => child.stdout.resume());
    const settled = exitOf(child)
      .then(async (code) => {
        if (code !== 0) deps.log.info({ projectId: project.id, code, stderr: stderr() }, 'a push was not taken');
        await settleProject(deps, project.id, { force: false, by: pusher.name, source: 'push' });
      })
      // The push itself is safe; the receipt stays and the loop tells it.
      .catch((error: Error) => deps.log.error({ err: error, projectId: project.id }, 'a push was not told yet'));
    void settled.finally(() => {
      pushes.set(project.id, pushes.get(project.id)! - 1);
      output.end();
    });
    return reply.header('cache-control', 'no-cache').type('application/x-git-receive-pack-result').send(output);
  };

  const intake: HttpIntake = {
    name: 'git',
    authentication: 'Basic: any user name with an API token, or mail address and password of an account',
    reachableByServices: false,
    streamsBodies: true,
    register(scope) {
      scope.removeAllContentTypeParsers();
      // Bodies are read as streams by the handlers.
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      scope.setErrorHandler((error, request, reply) => refuse(error, request, reply, deps));
      scope.get('/git/:repository/info/refs', advertise);
      scope.post('/git/:repository/git-upload-pack', upload);
      scope.post('/git/:repository/git-receive-pack', receive);
    },
  };
  return { intake, underWay: { count: (projectId) => pushes.get(projectId) ?? 0 } };
}

function serviceOf(text: string | undefined): commands.Service {
  if (text === 'git-upload-pack') return 'upload-pack';
  if (text === 'git-receive-pack') return 'receive-pack';
  throw new Fault('forbidden', 'This is a git repository for clients that speak smart HTTP', {
    code: 'projects.git-service',
    hint: 'Use git 1.6.6 or newer.',
  });
}

const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** A pkt-line: four hex digits of length, themselves included. */
const packetLine = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;

/** Streams a body into git, unpacked, bounded, and given up when its sender goes away (as one that stalls is made to). */
function feed(request: FastifyRequest, child: ChildProcessWithoutNullStreams, limit: number): void {
  const body = request.raw;
  const give = (): void => {
    body.unpipe();
    killGit(child);
  };
  let size = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > limit) done(new Error('the request is too large'));
      else done(null, chunk);
    },
  });
  meter.on('error', give);
  child.stdin.on('error', () => body.resume());
  let source: Readable = body;
  if (/^(x-)?gzip$/.test(request.headers['content-encoding'] ?? '')) {
    source = createGunzip();
    source.on('error', give);
    body.pipe(source as ReturnType<typeof createGunzip>);
  }
  body.on('close', () => {
    if (!body.complete) give();
  });
  source.pipe(meter).pipe(child.stdin);
}

/** Refusals as git shows them: plain text, and Basic authentication asked for where it can help. */
function refuse(cause: unknown, request: FastifyRequest, reply: FastifyReply, deps: ProjectsDeps): FastifyReply {
  const error = awayFault(cause) ?? cause;
  reply.header('cache-control', 'no-cache').type('text/plain; charset=utf-8');
  if (!(error instanceof Fault)) {
    deps.log.error({ err: error, path: request.url.split('?')[0] }, 'a git request failed unexpectedly');
    return reply.status(500).send('Something went wrong in Millrace; its log says more.\n');
  }
  const statuses: Partial<Record<typeof error.kind, number>> = {
    unauthenticated: 401,
    forbidden: 403,
    missing: 404,
    'too-large': 413,
    'too-many': 429,
    unavailable: 503,
  };
  if (error.kind === 'unauthenticated') reply.header('www-authenticate', 'Basic realm="Millrace", charset="UTF-8"');
  if (error.retryAfter) reply.header('retry-after', String(error.retryAfter));
  const text = error.hint ? `${error.message}. ${error.hint}\n` : `${error.message}.\n`;
  return reply.status(statuses[error.kind] ?? 400).send(text);
}
