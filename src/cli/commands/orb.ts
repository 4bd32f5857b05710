import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../kernel/faults.ts';
import { exitCodes } from '../exit.ts';
import { orbsHere, pipelineDialects } from '../formats.ts';
import { readPipelineFile, situation } from '../pipeline-source.ts';
import { openTerminal } from '../terminal.ts';

/**
 * Finds the orbs of the pipeline file here and pins them: `lock` writes their versions and hashes, `vendor` their texts too.
 * Exit code 1 when one is nowhere to be found; what was found is written all the same.
 */
export async function pin(
  what: 'lock' | 'vendor',
  file: string | undefined,
  options: { json?: boolean },
): Promise<number> {
  const terminal = openTerminal();
  const here = await situation(file, {});
  const source = await readPipelineFile(file, here, (await pipelineDialects()).slice(0, 1));
  if (!source) throw new Fault('missing', 'There is no .circleci/config.yml here', { code: 'cli.no-file' });
  const { lockFile, pinOrbs } = await import('../../integrations/circleci/index.ts');
  const pinned = await pinOrbs({ ...source, ...here }, await orbsHere());
  const written = new Map(what === 'vendor' ? pinned.files : []);
  if (pinned.files.size > 0) written.set(lockFile, pinned.lock);
  for (const [path, text] of written) {
    await mkdir(dirname(join(here.root, path)), { recursive: true });
    await writeFile(join(here.root, path), text);
  }
  const ok = pinned.missing.length === 0;
  if (options.json) {
    terminal.print(JSON.stringify({ ok, written: [...written.keys()], missing: pinned.missing }, null, 2));
    return ok ? exitCodes.ok : exitCodes.failed;
  }
  for (const path of written.keys()) terminal.print(path);
  if (written.size === 0 && ok) terminal.print('The file imports no orbs');
  for (const { reference, why } of pinned.missing) {
    terminal.print(terminal.paint('red', `${reference} was not found${why === undefined ? '' : `: ${why}`}`));
  }
  return ok ? exitCodes.ok : exitCodes.failed;
}
