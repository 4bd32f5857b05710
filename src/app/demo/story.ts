import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../../client/index.ts';
import { Fault } from '../../kernel/faults.ts';
import type { Progress } from '../progress.ts';
import { type Chronicle, chronicleOf } from './chronicle.ts';
import { letVisitorsIn, type VisitorHabits } from './visitors.ts';
import { type Author, createWorkingCopy } from './working-copy.ts';

export interface StoryOptions {
  client: Client;
  url: string;
  gatewayUrl: string;
  /** An API token that may push. */
  token: string;
  /** Directory that holds `django-shop`, `django-shop-bad-commit` and `django-shop-traffic.json`. */
  examples: string;
  progress: Progress;
}

export interface StoryResult {
  goodVersion: string;
  badVersion: string;
  /** From the moment the bad release began to serve to the moment the last known good served again. */
  badForMs: number;
  /** Of those, from the decision to roll back on. */
  rollbackMs: number;
  issue: { title: string; url: string } | null;
  traffic: { requests: number; failed: number };
  chronicle: Chronicle;
}

const ada: Author = { name: 'Ada Author', email: 'ada@shop.example' };
const slug = 'django-shop';
const minute = 60_000;

/**
 * The whole loop on the Django shop, by the same API, git and gateway that anybody uses: push, pipeline, release, staging,
 * production, visitors, a bad commit, its error, the rollback. Rejects with a Fault that says which part did not come.
 */
export async function tellStory(options: StoryOptions): Promise<StoryResult> {
  const { client, progress } = options;
  const habits = JSON.parse(
    await readFile(join(options.examples, 'django-shop-traffic.json'), 'utf8'),
  ) as VisitorHabits;
  const project = await client.projects.create({ body: { slug, name: 'Django shop' } });
  const remote = `${options.url}/git/${slug}.git`;
  const copy = await createWorkingCopy(join(options.examples, 'django-shop'), remote, options.token);
  try {
    const firstSha = await copy.commit(ada, 'Open the shop');
    const printed = await progress.step('git push', () => copy.push());
    for (const line of printed.split('\n').filter((one) => /remote:.*https?:/.test(one)))
      progress.note(`    ${line.trim()}`);
    await progress.step('Pipeline: tests and lint', () => runOf(client, firstSha, 15 * minute));
    const good = await progress.step('Release: build every service', () => releaseOf(client, firstSha, 15 * minute));
    await progress.step('Staging, then production', () =>
      deploymentOf(client, good.version, 'production', ['succeeded'], 10 * minute),
    );
    progress.note(`    ${options.gatewayUrl.replace('://', '://production.django-shop.')}`);

    const visitors = letVisitorsIn({
      gatewayUrl: options.gatewayUrl,
      host: 'production.django-shop.localhost',
      habits,
      visitors: 4,
      pauseMs: 40,
    });
    try {
      const badSha = await copy.apply(join(options.examples, 'django-shop-bad-commit', 'discount-amounts.patch'));
      await progress.step('git push of a bad commit', () => copy.push());
      await progress.step('Its pipeline is green all the same', () => runOf(client, badSha, 15 * minute));
      const bad = await progress.step('Release, staging', () => releaseOf(client, badSha, 15 * minute));
      const taken = await progress.step('Production, watched, taken back', () =>
        deploymentOf(client, bad.version, 'production', ['rolled_back'], 10 * minute),
      );
      // Let the visitors see for a moment that all is well again.
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await visitors.stop();
      const chronicle = await chronicleOf(client, project.id, badSha);
      return {
        goodVersion: good.version,
        badVersion: bad.version,
        badForMs: Date.parse(taken.finishedAt ?? '') - Date.parse(taken.switchedAt ?? ''),
        rollbackMs: chronicle.rollbackMs ?? 0,
        issue: await newestIssue(client, project.id, options.url),
        traffic: { requests: visitors.requests, failed: visitors.failed },
        chronicle,
      };
    } finally {
      await visitors.stop();
    }
  } finally {
    await copy.remove();
  }
}

async function until<Result>(
  what: string,
  timeoutMs: number,
  look: () => Promise<Result | undefined>,
): Promise<Result> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) {
      throw new Fault('unavailable', `${what} did not come within ${timeoutMs / minute} minutes`, {
        code: 'app.demo-waited-in-vain',
        hint: 'Look at the Timeline for where it stands.',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

const broke = (what: string, why: string): Fault =>
  new Fault('unprocessable', `${what}: ${why}`, { code: 'app.demo-broke', hint: 'The Timeline shows what led to it.' });

async function runOf(client: Client, sha: string, timeoutMs: number): Promise<void> {
  await until('The run of the push', timeoutMs, async () => {
    const { items } = await client.pipelines.listRuns({ query: { project: slug, limit: 20 } });
    const run = items.find((one) => one.sha === sha);
    if (!run || !['success', 'failed', 'canceled'].includes(run.status)) return undefined;
    if (run.status !== 'success') throw broke(`Run ${run.number}`, `it ended as ${run.status}`);
    return run;
  });
}

async function releaseOf(client: Client, sha: string, timeoutMs: number): Promise<{ version: string }> {
  return until('The release', timeoutMs, async () => {
    const { items } = await client.deployments.listReleases({ params: { project: slug }, query: { limit: 20 } });
    const release = items.find((one) => one.sha === sha);
    if (!release || release.status === 'queued' || release.status === 'building') return undefined;
    if (release.status !== 'ready') throw broke(`Release ${release.version}`, release.reason ?? release.status);
    return release;
  });
}

async function deploymentOf(client: Client, version: string, environment: string, wanted: string[], timeoutMs: number) {
  return until(`${version} in ${environment}`, timeoutMs, async () => {
    const { items } = await client.deployments.listDeployments({ query: { project: slug, limit: 50 } });
    const ended = ['succeeded', 'failed', 'canceled', 'superseded', 'rolled_back'];
    const before = items.find(
      (one) =>
        one.environment !== environment &&
        one.release.version === version &&
        ['failed', 'rolled_back'].includes(one.status),
    );
    if (before) throw broke(`${version} in ${before.environment}`, before.reason ?? before.status);
    const deployment = items.find((one) => one.environment === environment && one.release.version === version);
    if (!deployment || !ended.includes(deployment.status)) return undefined;
    if (!wanted.includes(deployment.status)) {
      throw broke(
        `${version} in ${environment}`,
        `it ended as ${deployment.status} (${deployment.reason ?? 'no reason'})`,
      );
    }
    return deployment;
  });
}

async function newestIssue(client: Client, projectId: string, url: string) {
  const { items } = await client.errors.listIssues({ query: { project: projectId, limit: 1 } });
  const [issue] = items;
  return issue ? { title: issue.title, url: `${url}/errors/${issue.id}` } : null;
}
