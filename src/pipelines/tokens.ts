import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../platform/observe/log.ts';
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

const longestAudience = 512;

/** The audience that claims (JSON, or empty for none) ask for; a sentence when they ask for anything else. Pure. */
export function audienceOf(claims: string): { audience?: string | undefined } | { problem: string } {
  if (claims === '') return {};
  let asked: unknown;
  try {
    asked = JSON.parse(claims);
  } catch {
    return { problem: 'The claims are not JSON' };
  }
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked))
    return { problem: 'The claims are no object' };
  const { aud, ...rest } = asked as Record<string, unknown>;
  const other = Object.keys(rest)[0];
  if (other !== undefined) return { problem: `Only the claim aud can be chosen, not ${other.slice(0, 40)}` };
  if (aud === undefined) return {};
  return typeof aud === 'string' && aud !== '' && aud.length <= longestAudience
    ? { audience: aud }
    : { problem: `aud must be a text of 1 to ${longestAudience} characters` };
}

/** Answers `circleci run oidc get`: a token of this moment for the audience asked for. */
export function tokenIssuer(
  deps: { tokens?: RunTokens | undefined; clock: Clock; log: Log },
  run: Run,
  job: Job,
  project: RunProject,
): (claims: string) => Promise<{ status: number; message: string }> {
  return async (claims) => {
    const asked = audienceOf(claims);
    if ('problem' in asked) return { status: 400, message: asked.problem };
    try {
      const nowSeconds = Math.floor(deps.clock.now() / 1000);
      const token = { version: 1 as const, audience: asked.audience, nowSeconds };
      return { status: 200, message: await deps.tokens!.issue(tokenSubject(run, job, project), token) };
    } catch (error) {
      deps.log.error({ err: error, jobId: job.id }, 'a token could not be issued');
      return { status: 500, message: 'The server could not issue the token; its log says why.' };
    }
  };
}
