import { access } from 'node:fs/promises';
import { posix } from 'node:path';
import { pack } from 'tar-stream';
import { Fault } from '../../kernel/faults.ts';
import { json, sql } from '../../platform/postgres/sql.ts';
import { storeStream } from '../files.ts';
import { type Layer, layersFor } from '../layers.ts';
import { readJobStates } from '../store.ts';
import type { StepContext } from './context.ts';
import { isPattern, matchPath, resolvePath } from './paths.ts';
import { eachEntry } from './tar.ts';

/** Files named in a layer beyond this many are not looked at for clashes. */
const mostNamed = 50_000;

/** Adds a layer of files below `root` to the run's workspace, for jobs that build on this one. */
export async function persistToWorkspace(context: StepContext<'persist_to_workspace'>): Promise<number> {
  const { step, say, job } = context;
  const root = resolvePath(step.root, context);
  const file = context.files.layer(job.id, context.number);
  const archive = pack();
  const named: string[] = [];
  let count = 0;
  const collect = async (): Promise<void> => {
    for (const { from, base, wanted } of sourcesOf(root, step.paths)) {
      await eachEntry(await context.place.copyOut(from), async (header, content) => {
        // Archives name entries from the parent of what was asked for; a layer names them from its root.
        const name = posix.relative(root, posix.join(base, header.name));
        if (name === '' || name.startsWith('..') || !wanted(name)) return;
        count += 1;
        if (header.type === 'file' && named.length < mostNamed) named.push(name);
        await new Promise<void>((resolve, reject) => {
          const link =
            header.type === 'link' && header.linkname ? { linkname: relink(root, base, header.linkname) } : {};
          const entry = archive.entry(
            { ...header, ...link, name: header.type === 'directory' ? `${name}/` : name },
            (error) => (error ? reject(error) : resolve()),
          );
          void (async () => {
            try {
              for await (const chunk of content) {
                if (!entry.write(chunk)) await new Promise<void>((drained) => entry.once('drain', () => drained()));
              }
              entry.end(null);
            } catch (error) {
              reject(error instanceof Error ? error : new Error(String(error)));
            }
          })();
        });
      });
    }
    archive.finalize();
  };
  const storing = storeStream(file, archive as unknown as AsyncIterable<Uint8Array>);
  const [bytes] = await Promise.all([
    storing,
    collect().catch((error: unknown) => {
      archive.destroy(error as Error);
      throw error;
    }),
  ]);
  if (count === 0) {
    say(`Error: nothing below ${root} matches ${step.paths.join(', ')}`);
    return 1;
  }
  await context.database.execute(sql`
    insert into pipelines_layers (run_id, job_id, job_key, node_index, step, file, bytes, paths)
    values (${context.run.id}, ${job.id}, ${job.key}, ${job.nodeIndex}, ${context.number}, ${file}, ${bytes}, ${json(named)})
    on conflict (job_id, step) do update set bytes = excluded.bytes, paths = excluded.paths`);
  say(`Persisted ${count} entries (${(bytes / 1e6).toFixed(1)} MB) from ${root}`);
  return 0;
}

/** What to copy out: each plain path by itself; the root as a whole, sifted, where there are patterns. */
function sourcesOf(
  root: string,
  paths: readonly string[],
): { from: string; base: string; wanted: (name: string) => boolean }[] {
  const patterns = paths.filter((path) => isPattern(path) || posix.normalize(path) === '.').map(matchPath);
  const plain = paths.filter((path) => !isPattern(path) && posix.normalize(path) !== '.');
  return [
    ...plain.map((path) => {
      const from = posix.join(root, path);
      return { from, base: posix.dirname(from), wanted: () => true };
    }),
    ...(patterns.length === 0
      ? []
      : [
          {
            from: root,
            base: posix.dirname(root),
            wanted: (name: string) => patterns.some((matches) => matches(name)),
          },
        ]),
  ];
}

const relink = (root: string, base: string, target: string): string => posix.relative(root, posix.join(base, target));

/** Lays the workspace layers of all upstream jobs over a directory. */
export async function attachWorkspace(context: StepContext<'attach_workspace'>): Promise<number> {
  const { step, say, run, job } = context;
  const target = resolvePath(step.at, context);
  const states = await readJobStates(context.database, run.id);
  const graph = new Map(states.map((state) => [state.key, state.requires.map((each) => each.key)]));
  const stored = await context.database.query<Layer>(sql`
    select job_id as "jobId", job_key as "jobKey", node_index as "nodeIndex", step, file, bytes, paths
    from pipelines_layers where run_id = ${run.id}`);
  const { layers, clash } = layersFor(job.key, graph, stored);
  if (clash) {
    say(`Error: ${clash.path} was persisted by ${clash.jobs[0]} and by ${clash.jobs[1]}, which run side by side`);
    return 1;
  }
  if (layers.length === 0) say('No job upstream persisted anything');
  for (const layer of layers) {
    await access(layer.file).catch(() => {
      throw new Fault('missing', `The workspace layer of ${layer.jobKey} is no longer kept`, {
        code: 'pipelines.layer-gone',
      });
    });
    await context.place.copyIn(target, { file: layer.file });
    say(`Attached what ${layer.jobKey} persisted (${(layer.bytes / 1e6).toFixed(1)} MB)`);
  }
  return 0;
}
