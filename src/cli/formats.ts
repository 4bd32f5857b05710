import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { OrbSources } from '../integrations/circleci/index.ts';
import type { Diagnostic } from '../kernel/diagnostics.ts';
import type { PipelineDialect } from '../pipelines/port.ts';
import { readCheckout, workingTree } from './working-tree.ts';

/** A kind of file that can be checked without a server. */
export interface Format {
  name: string;
  /** Whether a file is of this kind, by its path. */
  fits(path: string): boolean;
  check(path: string, text: string): Promise<Diagnostic[]>;
}

/** Where orbs are looked for from the command line; what was fetched once is kept with other caches. */
export async function orbsHere(options: { offline?: boolean } = {}): Promise<OrbSources> {
  const { orbSources } = await import('../integrations/circleci/index.ts');
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return orbSources(process.env, { ...options, cacheDir: join(cache, 'millrace', 'orbs') });
}

/** Every pipeline language this program knows, in the order in which their files are looked for. */
export async function pipelineDialects(): Promise<PipelineDialect[]> {
  const { createCircleciDialect } = await import('../integrations/circleci/index.ts');
  return [createCircleciDialect(await orbsHere())];
}

const circleci: Format = {
  name: 'circleci',
  fits: (path) => /\.ya?ml$/.test(path),
  async check(path, text) {
    const { lintWithOrbs } = await import('../integrations/circleci/index.ts');
    const { root } = await readCheckout(dirname(resolve(path)));
    return lintWithOrbs(path, text, await orbsHere({ offline: true }), workingTree(root));
  },
};

const compose: Format = {
  name: 'compose',
  fits: (path) => /(?:^|\/)(?:docker-)?compose[^/]*\.ya?ml$/.test(path),
  check: async (path, text) => (await import('../integrations/compose/index.ts')).checkCompose(path, text),
};

const millrace: Format = {
  name: 'millrace',
  fits: (path) => /(?:^|\/)millrace\.ya?ml$/.test(path),
  check: async (path, text) =>
    (await import('../deployments/read-millrace-file.ts')).readMillraceFile(text, { defaultBranch: 'main', file: path })
      .problems,
};

/** Kinds of file that `millrace lint` knows; the first that fits is used, any other YAML is taken for CircleCI's. */
export const formats: Format[] = [millrace, compose, circleci];
