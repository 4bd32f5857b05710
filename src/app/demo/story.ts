import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../../client/index.ts';
import type { Progress } from '../progress.ts';
import { type Chronicle, chronicleOf } from './chronicle.ts';
import { letVisitorsIn, type VisitorHabits } from './visitors.ts';
import { deploymentOf, mailsOf, releaseOf, runOf, type Waits } from './waits.ts';
import { type Author, createWorkingCopy, type WorkingCopy } from './working-copy.ts';

export interface StoryOptions {
  client: Client;
  url: string;
  gatewayUrl: string;
  /** An API token that may push. */
  token: string;
  /** Directory that holds `django-shop`, `django-shop-branch`, `django-shop-bad-commit` and `django-shop-traffic.json`. */
  examples: string;
  /** Where the team's clone is made, and removed from at the end. */
  directory: string;
  progress: Progress;
  signal: AbortSignal;
}

/** Who was told what. */
export interface Mail {
  to: string;
  subject: string;
  state: string;
}

/** Milliseconds from the moment the bad release began to serve. */
export interface WayBack {
  errorMs: number | null;
  decidedMs: number;
  restoredMs: number;
}

export interface StoryResult {
  goodVersion: string;
  badVersion: string;
  shopUrl: string;
  reason: string;
  wayBack: WayBack;
  issue: { title: string; url: string } | null;
  traffic: {
    requests: number;
    failed: number;
    /** Those that another release than the bad one answered, or none. */
    failedElsewhere: number;
  };
  mails: Mail[];
  chronicle: Chronicle;
}

const ada: Author = { name: 'Ada Author', email: 'ada@shop.example' };
const slug = 'django-shop';
/** A failed run, a fixed run, a release taken back. */
const mailsExpected = 3;

/**
 * The whole loop on the Django shop, by the same API, git and gateway that anybody uses: push, pipeline, release, staging,
 * production, visitors, a bad commit, its error, the rollback. Rejects with a Fault that says which part did not come, or with the
 * reason of `signal` once that aborts.
 */
export async function tellStory(options: StoryOptions): Promise<StoryResult> {
  const { client, progress, signal, url, gatewayUrl } = options;
  const habits = JSON.parse(
    await readFile(join(options.examples, 'django-shop-traffic.json'), 'utf8'),
  ) as VisitorHabits;
  const project = await client.projects.create({ body: { slug, name: 'Django shop' } });
  const waits: Waits = { client, project: slug, signal };
  const shopUrl = gatewayUrl.replace('://', `://production.${slug}.`);
  const remote = `${url}/git/${slug}.git`;
  const copy = await createWorkingCopy(join(options.examples, slug), options.directory, remote, options.token);
  try {
    progress.note('\nAda opens the shop');
    const firstSha = await copy.commit(ada, 'Open the shop');
    await push(options, copy);
    await progress.step('Pipeline: tests and lint', (tell) => runOf(waits, firstSha, 'success', tell));
    const good = await progress.step('Release: every service is built', () => releaseOf(waits, firstSha));
    // Side by side: a branch feeds no environment, and a rollout mostly watches.
    await Promise.all([deploy(options, waits, good.version), colleague(options, waits, copy)]);
    await copy.goTo('main');
    progress.note(`    ${shopUrl}`);

    const visitors = letVisitorsIn({
      gatewayUrl,
      host: `production.${slug}.localhost`,
      habits,
      visitors: 3,
      pauseMs: 100,
    });
    try {
      progress.note('\nRobin pushes a change with a bug that no test sees');
      const badSha = await copy.apply(join(options.examples, 'django-shop-bad-commit', 'discount-amounts.patch'));
      await push(options, copy);
      await progress.step('Pipeline: green all the same', (tell) => runOf(waits, badSha, 'success', tell));
      const bad = await progress.step('Release', () => releaseOf(waits, badSha));
      await progress.step('Staging, where nobody shops', (tell) =>
        deploymentOf(waits, bad.version, 'staging', 'succeeded', tell),
      );
      const taken = await progress.step('Production: watched, taken back', (tell) =>
        deploymentOf(waits, bad.version, 'production', 'rolled_back', tell),
      );
      const mails = await mailsOf(waits, mailsExpected);
      // Let the visitors see for a moment that all is well again.
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await visitors.stop();
      const chronicle = await chronicleOf(client, project.id, badSha);
      return {
        goodVersion: good.version,
        badVersion: bad.version,
        shopUrl,
        reason: taken.reason ?? '',
        wayBack: wayBackOf(chronicle, Date.parse(taken.switchedAt ?? '')),
        issue: await newestIssue(client, project.id, url),
        traffic: {
          requests: visitors.requests,
          failed: visitors.failed,
          failedElsewhere: visitors.failed - (await failedBy(client, bad.version)),
        },
        mails: mails.map(({ to, subject, state }) => ({ to, subject, state })),
        chronicle,
      };
    } finally {
      await visitors.stop();
    }
  } finally {
    await copy.remove();
  }
}

async function push({ progress }: StoryOptions, copy: WorkingCopy): Promise<void> {
  const printed = await progress.step('git push', () => copy.push('main'));
  const run = /https?:\/\/\S+\/runs\/\S+/.exec(printed);
  if (run) progress.note(`    ${run[0]}`);
}

async function deploy({ progress }: StoryOptions, waits: Waits, version: string): Promise<void> {
  for (const [environment, title] of [
    ['staging', 'Staging'],
    ['production', 'Production'],
  ] as const) {
    await progress.step(title, (tell) => deploymentOf(waits, version, environment, 'succeeded', tell));
  }
}

/** A branch whose run fails and is fixed: nothing of it is deployed, and its author hears of both. */
async function colleague(options: StoryOptions, waits: Waits, copy: WorkingCopy): Promise<void> {
  const { progress, examples } = options;
  const branch = 'gift-wrap';
  await copy.begin(branch);
  const broken = await copy.apply(join(examples, 'django-shop-branch', 'gift-wrap.patch'));
  await copy.push(branch);
  await progress.step('Grace breaks a test on a branch', (tell) => runOf(waits, broken, 'failed', tell));
  const mended = await copy.apply(join(examples, 'django-shop-branch', 'gift-wrap-once.patch'));
  await copy.push(branch);
  await progress.step('Grace mends it', (tell) => runOf(waits, mended, 'success', tell));
}

/** When the first error of the bad release was seen, when the decision fell, when visitors were well again. */
function wayBackOf(chronicle: Chronicle, switchedAt: number): WayBack {
  const { rollback, firstError } = chronicle;
  const restoredMs = rollback?.servedMs ?? Number.NaN;
  return {
    errorMs: firstError === null ? null : Math.max(0, firstError.at - switchedAt),
    decidedMs: restoredMs - (rollback?.durationMs ?? Number.NaN),
    restoredMs,
  };
}

/** Requests that failed at the gateway with this release answering. */
async function failedBy(client: Client, version: string): Promise<number> {
  const nrql = `SELECT count(*) FROM GatewayRequest WHERE error IS true AND release = '${version}' AND environment = 'production' SINCE 1 hour ago`;
  const { rows } = await client.telemetry.query({ body: { nrql, projectId: slug } });
  return Number(rows[0]?.[0] ?? 0);
}

async function newestIssue(client: Client, projectId: string, url: string) {
  const { items } = await client.errors.listIssues({ query: { project: projectId, limit: 1 } });
  const [issue] = items;
  return issue ? { title: issue.title, url: `${url}/errors/${issue.id}` } : null;
}
