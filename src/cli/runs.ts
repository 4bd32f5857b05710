import type { Client } from '../client/index.ts';
import { Fault } from '../kernel/faults.ts';

export type Run = Awaited<ReturnType<Client['pipelines']['getRun']>>;
export type RunSummary = Awaited<ReturnType<Client['pipelines']['listRuns']>>['items'][number];
export type Job = Awaited<ReturnType<Client['pipelines']['getJob']>>;

const idPattern = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

/** A run by id, by number (`12`, `#12`), by the beginning of its commit, or the newest when nothing is named. */
export async function findRun(
  client: Client,
  project: () => Promise<string>,
  wanted: string | undefined,
): Promise<string> {
  if (wanted !== undefined && idPattern.test(wanted)) return wanted;
  const name = await project();
  let cursor: string | undefined;
  for (let page = 0; page < 20; page += 1) {
    const { items, next } = await client.pipelines.listRuns({
      query: { project: name, limit: wanted === undefined ? 1 : 100, ...(cursor ? { cursor } : {}) },
    });
    const found = items.find((run) => wanted === undefined || isRun(run, wanted));
    if (found) return found.id;
    if (!next || wanted === undefined) break;
    cursor = next;
  }
  const what = wanted === undefined ? 'no runs yet' : `no run "${wanted}"`;
  throw new Fault('missing', `${name} has ${what}`, { code: 'cli.run' });
}

function isRun(run: RunSummary, wanted: string): boolean {
  return wanted.replace(/^#/, '') === String(run.number) || (wanted.length >= 7 && run.sha.startsWith(wanted));
}

/** Whether nothing more will happen to a run by itself. */
export const runEnded = (run: Pick<Run, 'status'>): boolean => ['success', 'failed', 'canceled'].includes(run.status);
