import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Ban, Check, Clock, GitCommitHorizontal, Timer, UserRound } from 'lucide-react';
import { type Answer, api, ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Status } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { countText, plural } from '../../kit/figures.ts';
import { clockTime } from '../../kit/moments.ts';
import { Facts, Page, Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { statusLook } from '../../kit/status.ts';
import { Duration, Time } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';
import styles from './deployment.module.css';
import { Gates } from './gates.tsx';
import { Instances } from './instances.tsx';
import { ReleaseDiff } from './release-diff.tsx';
import { RollBackButton } from './roll-back.tsx';
import { RolloutSteps } from './rollout-steps.tsx';

type Deployment = Answer<'deployments', 'getDeployment'>;

const verbs = { deploy: 'Deploy', promote: 'Promote', redeploy: 'Deploy again:', rollback: 'Roll back to' };
const moving: Deployment['status'][] = ['queued', 'running', 'verifying', 'rolling_back'];

/** One deployment: its steps live, what its gates measured, and the way back. */
export function DeploymentPage() {
  const { deploymentId } = useParams({ from: '/shell/deployments/$deploymentId' });
  const query = useQuery({
    ...ask('deployments', 'getDeployment', { params: { id: deploymentId } }),
    // Gate results are no facts: while they come in, they are asked for.
    refetchInterval: ({ state }) => (state.data && moving.includes(state.data.status) ? 2000 : false),
  });
  const deployment = query.data;
  const environment = useQuery({
    ...ask('deployments', 'getEnvironment', { params: { id: deployment?.environmentId ?? '' } }),
    enabled: deployment !== undefined,
  }).data;
  if (!deployment) {
    return <Page title="Deployment">{query.error ? <QueryProblem query={query} /> : <SkeletonRows />}</Page>;
  }
  return (
    <Page
      title={`${verbs[deployment.kind]} ${deployment.release.version} ${deployment.kind === 'rollback' ? 'in' : 'to'} ${deployment.environment}`}
      trail={
        <>
          <Link to="/deployments">Deployments</Link>
          <span aria-hidden>/</span>
          <span>{deployment.project}</span>
          <span aria-hidden>/</span>
          <Link to="/environments/$environmentId" params={{ environmentId: deployment.environmentId }}>
            {deployment.environment}
          </Link>
        </>
      }
      status={
        <span role="status">
          <Status status={deployment.status} boxed />
        </span>
      }
      facts={<DeploymentFacts deployment={deployment} />}
      actions={
        <>
          <Actions deployment={deployment} />
          {environment && <RollBackButton environment={environment} offer />}
        </>
      }
      command={`millrace rollback ${deployment.environment} --project ${deployment.project}`}
    >
      <Outcome deployment={deployment} />
      <div className={styles.columns}>
        <Section
          title="Steps"
          aside={
            deployment.phase && moving.includes(deployment.status) ? <span>now: {deployment.phase}</span> : undefined
          }
        >
          <RolloutSteps deployment={deployment} />
        </Section>
        <Section
          title="Gates"
          aside={
            deployment.verifyUntil &&
            !deployment.finishedAt && (
              <span>watched until {clockTime(Date.parse(deployment.verifyUntil)).slice(0, 8)}</span>
            )
          }
        >
          <Gates deployment={deployment} />
        </Section>
      </div>
      {(deployment.instances.length > 0 || moving.includes(deployment.status)) && (
        <Section
          flush
          title="Instances"
          aside={
            deployment.traffic.requests > 0 && (
              <span>
                {plural(deployment.traffic.requests, 'request')}, {countText(deployment.traffic.failed)} failed,{' '}
                {countText(deployment.traffic.inFlight)} in flight
              </span>
            )
          }
        >
          <Instances items={deployment.instances} />
        </Section>
      )}
      {environment && moving.concat('on_hold').includes(deployment.status) && (
        <WhatChanges environmentId={environment.id} releaseId={deployment.release.id} />
      )}
    </Page>
  );
}

/** Why it was asked for, or why it ended as it did, with what was measured. */
function Outcome({ deployment }: { deployment: Deployment }) {
  const { reason, evidence, status, previousVersion } = deployment;
  if (!reason && evidence.length === 0) return null;
  const words = reason ? reason.charAt(0).toUpperCase() + reason.slice(1) : statusLook(status).word;
  return (
    <div className={styles.reason} data-tone={statusLook(status).tone}>
      <p>
        <strong>{words}.</strong>
        {status === 'rolled_back' && previousVersion && ` ${previousVersion} serves again.`}
      </p>
      {evidence.length > 0 && (
        <ul className={styles.evidence}>
          {evidence.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function DeploymentFacts({ deployment }: { deployment: Deployment }) {
  const by = deployment.requestedBy;
  return (
    <Facts>
      <span>
        <UserRound aria-hidden />
        {by.kind === 'system' ? 'Millrace' : by.name}
        {deployment.approvedBy && `, approved by ${deployment.approvedBy.name}`}
      </span>
      <Link to="/releases/$releaseId" params={{ releaseId: deployment.release.id }}>
        <GitCommitHorizontal aria-hidden />
        <code>{deployment.release.sha.slice(0, 7)}</code>
        {deployment.release.message}
      </Link>
      {deployment.previousVersion && <span>replaces {deployment.previousVersion}</span>}
      {deployment.startedAt && (
        <span>
          <Timer aria-hidden />
          <Duration from={deployment.startedAt} to={deployment.finishedAt} />
        </span>
      )}
      <span>
        <Clock aria-hidden />
        <Time at={deployment.createdAt} />
      </span>
    </Facts>
  );
}

function Actions({ deployment }: { deployment: Deployment }) {
  const mayApprove = useRefusal('maintainer');
  const mayCancel = useRefusal('developer');
  const toasts = useToasts();
  const approve = useMutation({
    mutationFn: () => api.deployments.approveDeployment({ params: { id: deployment.id } }),
    onError: toasts.failed,
  });
  return (
    <>
      {deployment.status === 'on_hold' && (
        <Button
          look="primary"
          icon={<Check aria-hidden />}
          busy={approve.isPending}
          disabledBecause={mayApprove}
          onClick={() => approve.mutate()}
        >
          Approve
        </Button>
      )}
      {(deployment.status === 'on_hold' || moving.includes(deployment.status)) && (
        <Confirm
          trigger={
            <Button icon={<Ban aria-hidden />} disabledBecause={mayCancel}>
              Cancel
            </Button>
          }
          title={`Cancel ${deployment.release.version} in ${deployment.environment}?`}
          action="Cancel deployment"
          danger
          onConfirm={() => api.deployments.cancelDeployment({ params: { id: deployment.id }, body: {} })}
        >
          {deployment.switchedAt
            ? `It serves already: ${deployment.previousVersion ?? 'what served before'} returns.`
            : 'It serves nobody yet; what serves now stays.'}
        </Confirm>
      )}
    </>
  );
}

function WhatChanges({ environmentId, releaseId }: { environmentId: string; releaseId: string }) {
  const diff = useQuery(
    ask('deployments', 'diffEnvironment', { params: { id: environmentId }, query: { release: releaseId } }),
  );
  if (!diff.data || diff.data.direction === 'same') return null;
  return (
    <Section title="What changes">
      <ReleaseDiff diff={diff.data} />
    </Section>
  );
}
