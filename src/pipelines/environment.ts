import type { RunProject } from './port.ts';
import type { Job, Run } from './run.ts';

/**
 * The variables CircleCI sets for every job, and Millrace's own beside them. What does not apply (a branch on a tag) is absent.
 */
export function builtInEnvironment(run: Run, job: Job, project: RunProject, publicUrl: string): Record<string, string> {
  const slugParts = project.slug.split('/');
  const address = `${publicUrl}/runs/${run.id}`;
  const pull = run.trigger.pullRequest;
  const variables: Record<string, string | undefined> = {
    CI: 'true',
    CIRCLECI: 'true',
    CIRCLE_BRANCH: run.tag === null ? (run.branch ?? undefined) : undefined,
    CIRCLE_TAG: run.tag ?? undefined,
    CIRCLE_SHA1: run.sha,
    CIRCLE_BUILD_NUM: String(job.number),
    CIRCLE_BUILD_URL: `${address}/jobs/${job.id}`,
    CIRCLE_JOB: job.name,
    CIRCLE_NODE_INDEX: String(job.nodeIndex),
    CIRCLE_NODE_TOTAL: String(job.nodeTotal),
    CIRCLE_PIPELINE_ID: run.id,
    CIRCLE_PIPELINE_NUMBER: String(run.number),
    CIRCLE_PROJECT_ID: run.projectId,
    CIRCLE_PROJECT_REPONAME: slugParts.at(-1),
    CIRCLE_PROJECT_USERNAME: slugParts.length > 1 ? slugParts[0] : 'millrace',
    CIRCLE_ORGANIZATION_ID: run.projectId,
    CIRCLE_REPOSITORY_URL: project.gitUrl,
    CIRCLE_USERNAME: run.actor.name,
    CIRCLE_WORKFLOW_ID: run.id,
    CIRCLE_WORKFLOW_JOB_ID: job.id,
    CIRCLE_WORKFLOW_WORKSPACE_ID: run.id,
    CIRCLE_WORKING_DIRECTORY: job.spec.workingDirectory,
    CIRCLE_PR_NUMBER: pull ? String(pull.number) : undefined,
    CIRCLE_PULL_REQUEST: pull ? `${project.gitUrl.replace(/\.git$/, '')}/pull/${pull.number}` : undefined,
    MILLRACE: 'true',
    MILLRACE_RUN_ID: run.id,
    MILLRACE_RUN_NUMBER: String(run.number),
    MILLRACE_RUN_URL: address,
    MILLRACE_JOB_ID: job.id,
    MILLRACE_PROJECT: project.slug,
  };
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** What every step of a job sees, later ones winning: secrets, the built-in variables, the job's own. */
export function jobEnvironment(
  secrets: readonly { name: string; value: string }[],
  builtIn: Record<string, string>,
  own: Record<string, string>,
): Record<string, string> {
  return { ...Object.fromEntries(secrets.map(({ name, value }) => [name, value])), ...builtIn, ...own };
}
