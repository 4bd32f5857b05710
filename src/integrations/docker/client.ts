import Docker from 'dockerode';
import { Fault } from '../../kernel/faults.ts';

/** The engine's API as this program uses it. */
export type DockerEngine = Docker;

/**
 * Opens the container engine's API: `DOCKER_HOST` (unix:// or tcp://) when set, else the usual socket. No connection is
 * made yet. `timeoutMs` bounds each request's wait for response headers where given.
 */
export function openDocker(options: { host?: string | undefined; timeoutMs?: number | undefined } = {}): DockerEngine {
  const host = options.host ?? process.env.DOCKER_HOST;
  const timeout = options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs };
  if (!host) return new Docker({ socketPath: '/var/run/docker.sock', ...timeout });
  const address = new URL(host);
  if (address.protocol === 'unix:') return new Docker({ socketPath: address.pathname, ...timeout });
  if (address.protocol === 'tcp:' || address.protocol === 'http:') {
    return new Docker({ host: address.hostname, port: Number(address.port || 2375), protocol: 'http', ...timeout });
  }
  throw new Fault('invalid', `DOCKER_HOST ${address.protocol}// is not supported`, {
    code: 'docker.host',
    hint: 'Use unix:///path/to/docker.sock or tcp://host:2375.',
  });
}

/** Whether the engine answers, within 1.5 s. */
export async function engineAnswers(
  docker: DockerEngine,
): Promise<{ ready: true; version: string } | { ready: false; reason: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer within 1.5 s')), 1500);
  });
  try {
    const version = await Promise.race([docker.version(), late]);
    return { ready: true, version: version.Version };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ready: false, reason: `No container engine answers (${reason})` };
  } finally {
    clearTimeout(timer);
  }
}

/** The HTTP status of a refusal by the engine, or undefined when it was not one. */
export function engineStatus(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** How long an engine may be away before what depends on it counts as lost, unless a setting says otherwise. */
export const defaultAwayMs = 60_000;

/** Whether the engine did not answer at all: it is not started, restarts, or was cut off in the middle of a call. */
export function engineIsAway(error: unknown): boolean {
  if (error instanceof Fault) return error.code === awayCode;
  if (engineStatus(error) !== undefined) return false;
  const { code, syscall, message } = (error ?? {}) as { code?: string; syscall?: string; message?: string };
  if (code === 'ENOENT') return syscall === 'connect';
  return ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(code ?? '') || message === 'aborted';
}

const awayCode = 'docker.away';

/** Carries out a call to the engine; an engine that is away, or silent for longer than `ms`, is an `unavailable` Fault. */
export async function asking<Result>(ms: number, what: string, call: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Fault('unavailable', `The container engine is silent (${what})`, { code: awayCode })),
      ms,
    );
  });
  try {
    return await Promise.race([call(), late]);
  } catch (error) {
    if (!engineIsAway(error) || error instanceof Fault) throw error;
    throw new Fault('unavailable', `The container engine does not answer (${what})`, { code: awayCode, cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Runs an idempotent call: an object that is already so (304), or already gone (404, 409 removal under way), is success. */
export async function tolerate(statuses: number[], call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    const status = engineStatus(error);
    if (status === undefined || !statuses.includes(status)) throw error;
  }
}
