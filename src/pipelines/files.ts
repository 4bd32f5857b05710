import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Where this room keeps what is too large for the database, all below one directory that servers of one database share. */
export interface Files {
  /** Control directory of a job: the driver's program in, output and results out. */
  control(jobId: string): string;
  /** What the host executor and steps under way may fill; removed with the job. */
  place(jobId: string): string;
  log(jobId: string, step: number): string;
  artifact(id: string): string;
  cache(id: string): string;
  /** An archive of caches by the SHA-256 of its bytes. */
  content(sha256: string): string;
  layer(jobId: string, step: number): string;
}

export function filesBelow(dataDir: string): Files {
  const root = join(dataDir, 'pipelines');
  return {
    control: (jobId) => join(root, 'jobs', jobId, 'control'),
    place: (jobId) => join(root, 'jobs', jobId, 'place'),
    log: (jobId, step) => join(root, 'logs', jobId.slice(-2), jobId, `${step}.log`),
    artifact: (id) => join(root, 'artifacts', id.slice(-2), id),
    cache: (id) => join(root, 'caches', id),
    content: (sha256) => join(root, 'contents', sha256),
    layer: (jobId, step) => join(root, 'workspaces', jobId, `${step}.tar`),
  };
}

/** Writes a stream to a file that appears whole or not at all. Resolves to its size in bytes. */
export async function storeStream(
  path: string,
  content: NodeJS.ReadableStream | AsyncIterable<Uint8Array>,
): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.new`;
  try {
    await pipeline(content, createWriteStream(temporary));
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  return (await stat(path)).size;
}

/** The bytes of a file; undefined when it is not kept any more. */
export async function readKept(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
