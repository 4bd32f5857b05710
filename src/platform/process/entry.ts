import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The command line that runs one of our own files as a program: the compiled file with plain Node, or, in development and
 * tests, the TypeScript file through tsx.
 * @param name the file's name without extension, beside the module whose `import.meta.url` is given
 */
export function entryArgv(moduleUrl: string, name: string, nodeOptions: readonly string[] = []): string[] {
  const extension = extname(fileURLToPath(moduleUrl));
  const file = fileURLToPath(new URL(`./${name}${extension}`, moduleUrl));
  const loader = extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...nodeOptions, ...loader, file];
}
