import { createHash } from 'node:crypto';
import type { RunProject } from './port.ts';
import type { Job, Run } from './run.ts';

/**
 * The variables CircleCI sets for every job, and Millrace's own beside them. What does not apply (a branch on a tag) is absent.
 */
export function builtInEnvironment(run: Run, job: Job, project: RunProject, publicUrl: string): Record<string, string> {
  const slugParts = project.slug.split('/');
  const address = `${publicUrl}/runs/${run.id}`;
  const pull = run.trigger.pullRequest;
  const pullAddress = pull && `${project.gitUrl.replace(/\.git$/, '')}/pull/${pull.number}`;
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
    CIRCLE_WORKFLOW_ID: workflowIdOf(run.id, job.workflow),
    CIRCLE_WORKFLOW_JOB_ID: job.id,
    CIRCLE_WORKFLOW_WORKSPACE_ID: workflowIdOf(run.rerunOf ?? run.id, job.workflow),
    CIRCLE_WORKING_DIRECTORY: job.spec.workingDirectory,
    CIRCLE_PR_NUMBER: pull ? String(pull.number) : undefined,
    CIRCLE_PR_REPONAME: pull?.fork ? slugParts.at(-1) : undefined,
    CIRCLE_PR_USERNAME: pull?.fork ? run.actor.name : undefined,
    CIRCLE_PULL_REQUEST: pullAddress,
    CIRCLE_PULL_REQUESTS: pullAddress,
    CIRCLE_PREVIOUS_BUILD_NUM: job.number > 1 ? String(job.number - 1) : undefined,
    CIRCLE_CONTINUATION_KEY: run.continuationKey ?? undefined,
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

/** An id for a workflow of a run, the same for all of its jobs. */
function workflowIdOf(runId: string, workflow: string): string {
  const hex = createHash('sha256').update(`${runId}\0${workflow}`).digest('hex');
  return `${runId.slice(0, 14)}8${hex.slice(0, 3)}-a${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
}

/** What every step of a job sees, later ones winning: secrets, the built-in variables, the job's own. */
export function jobEnvironment(
  secrets: readonly { name: string; value: string }[],
  builtIn: Record<string, string>,
  own: Record<string, string>,
): Record<string, string> {
  return { ...Object.fromEntries(secrets.map(({ name, value }) => [name, value])), ...builtIn, ...own };
}
