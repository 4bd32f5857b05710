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

/** Kinds of file that `millrace lint` knows; the first that fits is used. */
export const formats: Format[] = [circleci];
