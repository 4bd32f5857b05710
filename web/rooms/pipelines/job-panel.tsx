import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Ban, Check } from 'lucide-react';
import type { JobSummary } from '../../../src/pipelines/api.ts';
import { api, ask } from '../../app/api.ts';
import { Problem, QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Status, StatusMark, Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { statusLook } from '../../kit/status.ts';
import styles from './job-panel.module.css';
import { StepList } from './step-list.tsx';

/** One job: how it stands, what can be done, its steps. */
export function JobPanel({ job, copies }: { job: JobSummary; copies: JobSummary[] }) {
  const refusal = useRefusal('developer');
  const detail = useQuery(ask('pipelines', 'getJob', { params: { id: job.id } }));
  const approve = useMutation({ mutationFn: () => api.pipelines.approveJob({ params: { id: job.id } }) });
  const moving = ['queued', 'running'].includes(job.status);
  return (
    <Section
      flush
      title={
        <span className={styles.title}>
          {job.name} <Status status={job.status} boxed />
          {job.executor && <Tag>{job.executor === 'host' ? 'on the host, not isolated' : (job.image ?? 'docker')}</Tag>}
        </span>
      }
      aside={
        <>
          {job.inheritedFrom && <span>Taken over from an earlier run</span>}
          {moving && (
            <Confirm
              trigger={
                <Button size="small" icon={<Ban aria-hidden />} disabledBecause={refusal}>
                  Cancel job
                </Button>
              }
              title={`Cancel job ${job.name}?`}
              action="Cancel job"
              danger
              onConfirm={() => api.pipelines.cancelJob({ params: { id: job.id } })}
            >
              Its steps are stopped; jobs that need it are not run.
            </Confirm>
          )}
        </>
      }
    >
      {copies.length > 1 && (
        <nav className={styles.copies} aria-label="Copies of this job">
          {copies.map((copy) => (
            <Link
              key={copy.id}
              to="/runs/$runId"
              params={{ runId: copy.runId }}
              search={{ job: copy.id }}
              replace
              resetScroll={false}
              aria-current={copy.id === job.id ? 'true' : undefined}
            >
              <StatusMark status={copy.status} label={statusLook(copy.status).word} />
              {copy.nodeIndex}
            </Link>
          ))}
        </nav>
      )}
      {job.reason && (
        <p className={styles.reason} data-tone={statusLook(job.status).tone}>
          {job.reason}
        </p>
      )}
      {job.kind === 'approval' && job.status === 'on_hold' ? (
        <Empty
          title={`${job.name} waits for a person`}
          action={
            <Button
              look="primary"
              icon={<Check aria-hidden />}
              busy={approve.isPending}
              disabledBecause={refusal}
              onClick={() => approve.mutate()}
            >
              Approve {job.name}
            </Button>
          }
        >
          What comes after it goes on once somebody approves.
          {approve.error && <Problem error={approve.error} />}
        </Empty>
      ) : (
        <>
          <QueryProblem query={detail} />
          {detail.data && detail.data.steps.length === 0 ? (
            <Empty title={emptyWords(job)}>
              {job.approvedBy ? `Approved by ${job.approvedBy.name}.` : 'Its steps appear here when it starts.'}
            </Empty>
          ) : (
            detail.data && <StepList job={detail.data} key={job.id} />
          )}
          {detail.isPending && <SkeletonRows rows={5} />}
        </>
      )}
    </Section>
  );
}

function emptyWords(job: JobSummary): string {
  if (job.kind === 'approval') return statusLook(job.status).word;
  if (job.status === 'queued') return 'Waiting for a free agent';
  if (job.status === 'blocked') return `Waits for ${job.requires.map((one) => one.key.split('/').at(-1)).join(', ')}`;
  return 'No steps';
}
