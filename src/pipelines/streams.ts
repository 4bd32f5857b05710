import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Fault } from '../kernel/faults.ts';
import type { HttpIntake } from '../platform/http/contract.ts';
import { type EventStream, openEventStream } from '../platform/http/event-stream.ts';
import type { Database } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { Files } from './files.ts';
import { LogReader } from './log/read.ts';
import { isComplete, openStepLog, readRunDetail, requireJob } from './read.ts';
import { recordOf } from './run.ts';
import { isRunFinal } from './run-state.ts';
import { readStep } from './store.ts';
import { logLineOf } from './view.ts';

export interface StreamDeps {
  database: Database;
  files: Files;
  /** Calls back on every change of a run, until the returned function is called. */
  onRunChange(runId: string, listener: () => void): () => void;
}

const byRun = z.object({ id: z.uuid() });
const byStep = z.object({ id: z.uuid(), step: z.coerce.number().int().min(0) });

/** A viewer of a log is looked after this often, and moved near the head when it is further behind than this. */
const lookMs = 100;
const linesAtOnce = 2000;
const farBehindBytes = 4 * 1024 * 1024;
const linesNearHead = 500;

/** Live streams and downloads beside the contract, for whoever may read the API. */
export function pipelineStreams(deps: StreamDeps): HttpIntake {
  return {
    name: 'pipelines-streams',
    authentication: 'the same as the API: session or token, any role',
    reachableByServices: false,
    register(scope: FastifyInstance) {
      scope.addHook('onRequest', async (request) => requireReader(request));
      scope.get('/api/v1/runs/:id/stream', (request, reply) => streamRun(deps, request, reply));
      scope.get('/api/v1/jobs/:id/steps/:step/log/stream', (request, reply) => streamLog(deps, request, reply));
      scope.get('/api/v1/jobs/:id/steps/:step/log/raw', (request, reply) => downloadLog(deps, request, reply));
      scope.get('/api/v1/artifacts/:id/content', (request, reply) => downloadArtifact(deps, request, reply));
    },
  };
}

function requireReader(request: FastifyRequest): void {
  const { principal } = request;
  if (!principal) throw new Fault('unauthenticated', 'Sign in or send a token', { code: 'pipelines.unauthenticated' });
  const allowed = principal.scopes === null || principal.scopes.some((scope) => /^pipelines(:read)?$/.test(scope));
  if (!allowed) throw new Fault('forbidden', 'This token is not for pipelines', { code: 'pipelines.scope' });
}

async function streamRun(deps: StreamDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id } = byRun.parse(request.params);
  let run = await readRunDetail(deps.database, id);
  const stream = openEventStream(request, reply);
  let changed = false;
  let wake: () => void = () => {};
  const stop = deps.onRunChange(id, () => {
    changed = true;
    wake();
  });
  stream.signal.addEventListener('abort', () => wake(), { once: true });
  try {
    stream.send({ event: 'run', data: run });
    while (!stream.signal.aborted) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (changed) resolve();
      });
      if (stream.signal.aborted) break;
      // Many changes come at once; one picture of them is enough.
      await sleep(isRunFinal(run.status) ? 0 : lookMs);
      changed = false;
      run = await readRunDetail(deps.database, id);
      stream.send({ event: 'run', data: run });
    }
  } finally {
    stop();
    stream.close();
  }
  return reply;
}

async function streamLog(deps: StreamDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id, step } = byStep.parse(request.params);
  const query = z.object({ offset: z.coerce.number().int().min(0).default(0) }).parse(request.query);
  const resumed = Number(request.headers['last-event-id'] ?? Number.NaN);
  const record = recordOf(await requireJob(deps.database, id));
  const opened = await openStepLog(deps, id, step);
  await opened.log?.close();
  const stream = openEventStream(request, reply);
  try {
    await followLog(stream, {
      path: opened.path,
      offset: Number.isFinite(resumed) ? resumed : query.offset,
      complete: async () => isComplete((await readStep(deps.database, record, step))!),
    });
  } finally {
    stream.close();
  }
  return reply;
}

async function followLog(
  stream: EventStream,
  log: { path: string; offset: number; complete: () => Promise<boolean> },
): Promise<void> {
  let { offset } = log;
  let reader: LogReader | undefined;
  let askedAt = 0;
  let complete = false;
  let told = '';
  try {
    while (!stream.signal.aborted) {
      if (!complete && Date.now() - askedAt > 500) {
        askedAt = Date.now();
        complete = await log.complete();
      }
      reader ??= await LogReader.open(log.path);
      const head = (await reader?.head()) ?? { lines: 0, bytes: 0 };
      let skippedTo: number | undefined;
      if (reader && head.bytes - offset > farBehindBytes) {
        const near = await reader.window(-linesNearHead, 1, true);
        skippedTo = near.lines[0]?.line;
        offset = near.lines.length > 0 ? await startOf(reader, near.lines[0]!.line) : head.bytes;
      }
      const news = {
        lines: head.lines,
        bytes: head.bytes,
        complete,
        ...(skippedTo === undefined ? {} : { skippedTo }),
      };
      if (JSON.stringify(news) !== told) stream.send({ event: 'head', data: news });
      told = JSON.stringify(news);
      const window = await reader?.from(offset, linesAtOnce);
      if (window && window.lines.length > 0) {
        const lines = window.lines.map(logLineOf);
        const sent = stream.send({
          id: String(window.nextOffset),
          event: 'lines',
          data: { offset, fromLine: lines[0]!.line, lines },
        });
        if (sent) offset = window.nextOffset;
        else await sleep(lookMs);
        continue;
      }
      if (complete) {
        await sendUnfinished(reader, stream, offset, head);
        return;
      }
      await sleep(lookMs);
    }
  } finally {
    await reader?.close();
  }
}

/** A log that is complete may end without a line feed: its last line is sent as it is. */
async function sendUnfinished(
  reader: LogReader | undefined,
  stream: EventStream,
  offset: number,
  head: { lines: number; bytes: number },
): Promise<void> {
  if (!reader || offset >= head.bytes) return;
  const { lines } = await reader.window(head.lines - 1, 1);
  stream.send({
    id: String(head.bytes),
    event: 'lines',
    data: { offset, fromLine: head.lines - 1, lines: lines.map(logLineOf) },
  });
}

async function startOf(reader: LogReader, line: number): Promise<number> {
  if (line === 0) return 0;
  return (await reader.window(line - 1, 1, true)).nextOffset;
}

async function downloadLog(deps: StreamDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id, step } = byStep.parse(request.params);
  const opened = await openStepLog(deps, id, step);
  const head = (await opened.log?.head()) ?? { lines: 0, bytes: 0 };
  await opened.log?.close();
  reply.type('text/plain; charset=utf-8').header('content-disposition', `attachment; filename="step-${step}.log"`);
  return sendFile(request, reply, opened.path, head.bytes);
}

async function downloadArtifact(deps: StreamDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id } = byRun.parse(request.params);
  const found = await deps.database.first<{ path: string }>(sql`select path from pipelines_artifacts where id = ${id}`);
  if (!found) throw new Fault('missing', 'There is no such artifact', { code: 'pipelines.artifact-missing' });
  const path = deps.files.artifact(id);
  const size = await stat(path).then(
    (facts) => facts.size,
    () => {
      throw new Fault('missing', 'This artifact is no longer kept', { code: 'pipelines.artifact-gone' });
    },
  );
  // What a job made is never run by the browser as part of this site.
  const name = encodeURIComponent(posix.basename(found.path));
  reply
    .type('application/octet-stream')
    .header('content-disposition', `attachment; filename*=UTF-8''${name}`)
    .header('content-security-policy', "sandbox; default-src 'none'");
  return sendFile(request, reply, path, size);
}

/** Sends the first `size` bytes of a file, or the one range of them that was asked for (RFC 9110, section 14). */
function sendFile(request: FastifyRequest, reply: FastifyReply, path: string, size: number): FastifyReply {
  reply.header('x-content-type-options', 'nosniff').header('accept-ranges', 'bytes');
  if (size === 0) return reply.send('');
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  let from = 0;
  let to = size - 1;
  if (range && (range[1] || range[2])) {
    from = range[1] ? Number(range[1]) : Math.max(0, size - Number(range[2]));
    to = range[1] && range[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
    if (from > to) return reply.status(416).header('content-range', `bytes */${size}`).send('');
    reply.status(206).header('content-range', `bytes ${from}-${to}/${size}`);
  }
  reply.header('content-length', String(to - from + 1));
  return reply.send(createReadStream(path, { start: from, end: to }));
}
