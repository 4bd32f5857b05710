import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

interface Chunk {
  file: string;
  css?: string[];
  imports?: string[];
}

/** Of a page that is opened for the first time: what has to travel before anything is seen. */
const mostBytes = 250_000;
const entry = 'index.html';

describe('the first view of the web application', () => {
  let out: string;
  let manifest: Record<string, Chunk>;

  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'millrace-first-view-'));
    // As `npm run build:web` does it: this process runs with NODE_ENV=test, which would bring React for development.
    const vite = join(repository, 'node_modules', '.bin', 'vite');
    const argv = ['build', '--config', join(repository, 'web', 'vite.config.ts'), '--outDir', out, '--manifest'];
    await promisify(execFile)(vite, argv, { env: { ...process.env, NODE_ENV: 'production' } });
    manifest = JSON.parse(await readFile(join(out, '.vite', 'manifest.json'), 'utf8')) as Record<string, Chunk>;
  }, 300_000);

  afterAll(() => rm(out, { recursive: true, force: true }));

  /** What a server with these files sends: the compressed one beside it, unless it is too small to have one. */
  const sent = (file: string) => stat(join(out, `${file}.gz`)).catch(() => stat(join(out, file)));

  /** Compressed bytes of these parts with all that they import; each file once. */
  async function sizeOf(parts: string[]): Promise<number> {
    const files = new Set<string>();
    const seen = new Set<string>();
    const walk = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      const chunk = manifest[name];
      if (!chunk) throw new Error(`The build has no part called ${name}`);
      for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file);
      for (const one of chunk.imports ?? []) walk(one);
    };
    for (const part of parts) walk(part);
    const sizes = await Promise.all([...files].map(async (file) => (await sent(file)).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  it.each([
    ['sign-in', 'rooms/identity/login.tsx'],
    ['overview', 'rooms/overview/overview.tsx'],
    ['timeline', 'rooms/insights/timeline.tsx'],
    ['run with its log', 'rooms/pipelines/run.tsx'],
    ['error', 'rooms/errors/issue.tsx'],
    ['deployments', 'rooms/deployments/deployments.tsx'],
    ['explore', 'rooms/telemetry/explore.tsx'],
  ])('%s travels in less than 250 kB', async (_, page) => {
    expect(await sizeOf([entry, page])).toBeLessThan(mostBytes);
  });

  it('leaves charts and the command menu until somebody wants them', async () => {
    const shell = await sizeOf([entry, 'rooms/overview/overview.tsx']);
    const more = await sizeOf([entry, 'rooms/overview/overview.tsx', 'kit/chart.tsx', 'app/command-menu.tsx']);
    expect(more - shell).toBeGreaterThan(20_000);
  });
});
