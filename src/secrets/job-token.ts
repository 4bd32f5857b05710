import { createPrivateKey, createSign } from 'node:crypto';

/** Whom a token speaks for: a job of a run. */
export interface JobSubject {
  projectId: string;
  projectSlug: string;
  /** Who asked for the run; a person's id, or the name of what did. */
  actorId: string;
  runId: string;
  jobId: string;
  workflow: string;
  /** Names of the contexts the job uses. */
  contexts: string[];
  /** Address of the repository without its scheme, as `vcs-origin`. */
  origin: string;
  /** `refs/heads/main`, `refs/tags/v1`. */
  ref: string;
  sha: string;
  /** The run was repeated by a person who wants a shell in it. */
  shellRerun: boolean;
}

/** How long a token is good for, in seconds. */
export const tokenSeconds = 3600;

/** The claims of `CIRCLE_OIDC_TOKEN` (version 1) and `CIRCLE_OIDC_TOKEN_V2`, which names the repository and the branch in `sub`. Pure. */
export function jobClaims(
  subject: JobSubject,
  token: { issuer: string; version: 1 | 2; audience?: string | undefined; id: string; nowSeconds: number },
): Record<string, unknown> {
  const who = `org/${subject.projectId}/project/${subject.projectId}/user/${subject.actorId}`;
  return {
    iss: token.issuer,
    sub: token.version === 1 ? who : `${who}/vcs-origin/${subject.origin}/vcs-ref/${subject.ref}`,
    aud: [token.audience ?? subject.projectId],
    iat: token.nowSeconds,
    nbf: token.nowSeconds,
    exp: token.nowSeconds + tokenSeconds,
    jti: token.id,
    'oidc.circleci.com/project-id': subject.projectId,
    'oidc.circleci.com/pipeline-id': subject.runId,
    'oidc.circleci.com/job-id': subject.jobId,
    'oidc.circleci.com/context-ids': subject.contexts,
    'oidc.circleci.com/vcs-origin': subject.origin,
    'oidc.circleci.com/vcs-ref': subject.ref,
    'oidc.circleci.com/ssh-rerun': subject.shellRerun,
    'millrace/project': subject.projectSlug,
    'millrace/workflow': subject.workflow,
    'millrace/sha': subject.sha,
  };
}

/** A JSON Web Token signed with RS256 (RFC 7515); `privateKey` is PKCS #8 in PEM. */
export function signToken(claims: object, key: { kid: string; privateKey: string }): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'RS256', typ: 'JWT', kid: key.kid })}.${encode(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(createPrivateKey(key.privateKey), 'base64url')}`;
}
