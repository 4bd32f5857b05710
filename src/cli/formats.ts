import type { Diagnostic } from '../kernel/diagnostics.ts';
import type { PipelineDialect } from '../pipelines/port.ts';

/** A kind of file that can be checked without a server. */
export interface Format {
  name: string;
  /** Whether a file is of this kind, by its path. */
  fits(path: string): boolean;
  check(path: string, text: string): Promise<Diagnostic[]>;
}

/** Every pipeline language this program knows, in the order in which their files are looked for. */
export async function pipelineDialects(): Promise<PipelineDialect[]> {
  const { createCircleciDialect, directoryShelf } = await import('../integrations/circleci/index.ts');
  const mirror = process.env.MILLRACE_ORB_PATH;
  return [createCircleciDialect(mirror ? [directoryShelf(mirror)] : [])];
}

const circleci: Format = {
  name: 'circleci',
  fits: (path) => /\.ya?ml$/.test(path),
  async check(path, text) {
    const { directoryShelf, lintWithOrbs } = await import('../integrations/circleci/index.ts');
    const mirror = process.env.MILLRACE_ORB_PATH;
    return lintWithOrbs(path, text, mirror ? [directoryShelf(mirror)] : []);
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
    (await import('../deployments/millrace-file.ts')).readMillraceFile(text, { defaultBranch: 'main', file: path })
      .problems,
};

/** Kinds of file that `millrace lint` knows; the first that fits is used, any other YAML is taken for CircleCI's. */
export const formats: Format[] = [millrace, compose, circleci];
