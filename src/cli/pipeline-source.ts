import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { Fault } from '../kernel/faults.ts';
import type { PipelineDialect, SourceTree, Trigger } from '../pipelines/port.ts';
import { localTrigger, readCheckout, workingTree } from './working-tree.ts';

interface Wanted {
  branch?: string | undefined;
  tag?: string | undefined;
  /** The workflow whose time is taken to have come. */
  schedule?: string | undefined;
  parameters?: Trigger['parameters'] | undefined;
}

/** The working tree around a file or here, and the trigger that stands for it. */
export interface Situation {
  root: string;
  tree: SourceTree;
  trigger: Trigger;
}

export async function situation(file: string | undefined, wanted: Wanted): Promise<Situation> {
  const checkout = await readCheckout(file === undefined ? process.cwd() : dirname(resolve(file)));
  return { root: checkout.root, tree: workingTree(checkout.root), trigger: localTrigger(checkout, wanted) };
}

/** The pipeline file that is meant: the one named, or the first that a dialect finds. Undefined when there is none. */
export async function readPipelineFile(
  file: string | undefined,
  { root, tree }: Situation,
  dialects: PipelineDialect[],
): Promise<{ dialect: PipelineDialect; file: string; text: string } | undefined> {
  if (file !== undefined) {
    const name = relative(root, resolve(file));
    const dialect = dialects.find((one) => one.files.includes(name)) ?? dialects[0]!;
    const text = await readFile(file, 'utf8').catch((error: Error) => {
      throw new Fault('missing', `${file} cannot be read: ${reasonOf(error)}`, { code: 'cli.unreadable' });
    });
    return { dialect, file, text };
  }
  for (const dialect of dialects) {
    for (const name of dialect.files) {
      const text = await tree.read(name);
      if (text !== undefined) return { dialect, file: name, text };
    }
  }
  return undefined;
}

/** Why a file could not be read, in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory';
  return code === 'EACCES' ? 'it may not be read by you' : message;
}
