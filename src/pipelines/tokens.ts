import type { RunProject, RunTokens, TokenSubject } from './port.ts';
import type { Job, Run } from './run.ts';

/** Whom the tokens of a job speak for. Pure. */
export function tokenSubject(run: Run, job: Job, project: RunProject): TokenSubject {
  return {
    projectId: project.id,
    projectSlug: project.slug,
    actorId: run.actor.id,
    runId: run.id,
    jobId: job.id,
    workflow: job.workflow,
    contexts: job.spec.contexts,
    origin: project.gitUrl.replace(/^[a-z+]+:\/\//, '').replace(/\.git$/, ''),
    ref: run.tag === null ? `refs/heads/${run.branch ?? ''}` : `refs/tags/${run.tag}`,
    sha: run.sha,
    shellRerun: run.trigger.shell !== undefined,
  };
}

/**
 * The job's tokens as variables; none for a fork's pull request. They are those of the moment it started, so that a server that takes
 * the job over hides the very same.
 */
export async function tokensOf(
  tokens: RunTokens | undefined,
  run: Run,
  job: Job,
  project: RunProject,
): Promise<Record<string, string>> {
  if (!tokens || !run.trusted || job.startedAt === null) return {};
  const subject = tokenSubject(run, job, project);
  const nowSeconds = Math.floor(job.startedAt / 1000);
  return {
    CIRCLE_OIDC_TOKEN: await tokens.issue(subject, { version: 1, nowSeconds }),
    CIRCLE_OIDC_TOKEN_V2: await tokens.issue(subject, { version: 2, nowSeconds }),
  };
}
