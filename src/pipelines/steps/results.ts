import { posix } from 'node:path';
import { Fault } from '../../kernel/faults.ts';
import { newId } from '../../kernel/ids.ts';
import { json, sql } from '../../platform/postgres/sql.ts';
import { storeStream } from '../files.ts';
import { JunitReader, junitLimits, type TestCase } from '../junit.ts';
import type { JobContext, StepContext } from './context.ts';
import { resolvePath, safeName } from './paths.ts';
import { eachEntry } from './tar.ts';

/** Keeps a file, or a directory with everything in it, as artifacts of the job. */
export async function storeArtifacts(context: StepContext<'store_artifacts'>): Promise<number> {
  const { step, say, mask, database, job, run } = context;
  const path = resolvePath(step.path, context);
  const tar = await copyOutOrSay(context, path);
  if (!tar) return 0;
  let count = 0;
  let total = 0;
  await eachEntry(tar, async (header, content) => {
    if (header.type !== 'file') return;
    const plain = artifactName(step.path, step.destination, posix.basename(path), header.name);
    if (plain === undefined) return;
    const name = mask(plain);
    const id = newId();
    const bytes = await storeStream(context.files.artifact(id), content);
    // The same step again (after a crash) or a later step with the same name: the newest content counts.
    await database.execute(sql`
      insert into pipelines_artifacts (id, run_id, job_id, path, bytes) values (${id}, ${run.id}, ${job.id}, ${name}, ${bytes})
      on conflict (job_id, path) do update set id = excluded.id, bytes = excluded.bytes`);
    count += 1;
    total += bytes;
  });
  say(`Stored ${count} ${count === 1 ? 'artifact' : 'artifacts'} (${(total / 1e6).toFixed(1)} MB) from ${path}`);
  return 0;
}

/**
 * Name of an artifact: below `destination` when one is given, else below the path as the step wrote it. `entry` is named from
 * the parent of what was copied (`base` is its first part).
 */
export function artifactName(
  path: string,
  destination: string | undefined,
  base: string,
  entry: string,
): string | undefined {
  const below = posix.relative(base, posix.normalize(entry));
  const prefix = destination ?? (below === '' ? posix.dirname(path) : path);
  const rest = below === '' ? base : below;
  return safeName(`${prefix.replace(/^~\/?/, '')}/${rest}`);
}

/** Reads JUnit reports from a file, or from every `.xml` below a directory. */
export async function storeTestResults(context: StepContext<'store_test_results'>): Promise<number> {
  const { step, say, mask, database, job, run } = context;
  const tar = await copyOutOrSay(context, resolvePath(step.path, context));
  if (!tar) return 0;
  await database.execute(sql`delete from pipelines_tests where job_id = ${job.id} and step = ${context.number}`);
  const waiting: (TestCase & { position: number })[] = [];
  const counts = { success: 0, failed: 0, error: 0, skipped: 0 };
  let total = 0;
  const flush = async (): Promise<void> => {
    const batch = waiting.splice(0);
    if (batch.length === 0) return;
    await database.execute(sql`
      insert into pipelines_tests (job_id, step, position, run_id, suite, class_name, name, file, status, duration_ms,
        message, details)
      select ${job.id}, ${context.number}, position, ${run.id}, suite, "className", name, file, status, "durationMs", message,
        details
      from jsonb_to_recordset(${json(batch.map(withoutNul))}::jsonb) as test(position int, suite text, "className" text,
        name text, file text, status text, "durationMs" float8, message text, details text)
      on conflict do nothing`);
  };
  await eachEntry(tar, async (header, content) => {
    if (header.type !== 'file' || !header.name.endsWith('.xml')) return;
    if ((header.size ?? 0) > junitLimits.fileBytes) {
      say(`Warning: ${header.name} is larger than 256 MB and is passed over`);
      return;
    }
    const reader = new JunitReader((test) => {
      total += 1;
      if (total > junitLimits.tests) return;
      counts[test.status] += 1;
      waiting.push({ ...test, position: total });
    }, mask);
    const decoder = new TextDecoder();
    for await (const chunk of content) {
      reader.write(decoder.decode(chunk, { stream: true }));
      if (waiting.length >= 500) await flush();
    }
    reader.end();
    if (reader.problem) say(`Warning: ${header.name}: ${reader.problem.trim().split('\n')[0]}`);
  });
  await flush();
  if (total > junitLimits.tests) say(`Warning: only the first ${junitLimits.tests} of ${total} tests are kept`);
  const bad = counts.failed + counts.error;
  say(`${total} tests: ${counts.success} passed, ${bad} failed, ${counts.skipped} skipped`);
  return 0;
}

/** PostgreSQL holds no NUL in text. */
function withoutNul(test: TestCase & { position: number }): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(test).map(([name, value]) => [name, typeof value === 'string' ? value.replaceAll('\0', '') : value]),
  );
}

async function copyOutOrSay(context: JobContext, path: string): Promise<NodeJS.ReadableStream | undefined> {
  try {
    return await context.place.copyOut(path);
  } catch (error) {
    if (!(error instanceof Fault && error.kind === 'missing')) throw error;
    context.say(`Nothing is at ${path}`);
    return undefined;
  }
}
