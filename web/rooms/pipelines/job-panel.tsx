import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Ban, SquareTerminal } from 'lucide-react';
import type { JobSummary } from '../../../src/pipelines/api.ts';
import { api, ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Status, StatusMark, Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { statusLook } from '../../kit/status.ts';
import { Duration } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';
import { Approval } from './approval.tsx';
import { copyText } from './copies.ts';
import styles from './job-panel.module.css';
import { MatrixCells } from './matrix-cells.tsx';
import { StepList } from './step-list.tsx';

/** One job: how it stands, why, what can be done, its steps. `jobs` are those of its run. */
export function JobPanel({ job, jobs }: { job: JobSummary; jobs: JobSummary[] }) {
  const copies = jobs.filter((one) => one.key === job.key);
  const cells = jobs.filter(
    (one) => one.matrix && one.workflow === job.workflow && one.matrix.name === job.matrix?.name,
  );
  const refusal = useRefusal('developer');
  const detail = useQuery(ask('pipelines', 'getJob', { params: { id: job.id } }));
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
          {job.kind === 'build' && ['failed', 'infrastructure_fail'].includes(job.status) && (
            <RerunForShell job={job} />
          )}
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
      {cells.length > 1 && <MatrixCells cells={cells} selected={job} />}
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
              {copyText(copy)}
            </Link>
          ))}
        </nav>
      )}
      {job.reason && (
        <p className={styles.reason} data-tone={statusLook(job.status).tone}>
          {job.reason}
        </p>
      )}
      <JobReasons job={job} />
      {job.kind === 'approval' && job.status === 'on_hold' ? (
        <Approval job={job} jobs={jobs} />
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

/** Runs a failed job again in a new run and keeps its place; how to enter it stands in the log of its last step. */
function RerunForShell({ job }: { job: JobSummary }) {
  const refusal = useRefusal('developer');
  const navigate = useNavigate();
  const toasts = useToasts();
  const rerun = useMutation({
    mutationFn: () => api.pipelines.rerunForShell({ params: { id: job.id } }),
    onSuccess: (run) => void navigate({ to: '/runs/$runId', params: { runId: run.id } }),
    onError: toasts.failed,
  });
  return (
    <Button
      size="small"
      icon={<SquareTerminal aria-hidden />}
      disabledBecause={refusal}
      busy={rerun.isPending}
      onClick={() => rerun.mutate()}
    >
      Rerun with a shell
    </Button>
  );
}

/** Why it ran or not, what it waited for and how long, and where the file says so. */
function JobReasons({ job }: { job: JobSummary }) {
  const { waited, waitsFor, source } = job;
  const why = job.why === job.reason ? null : job.why;
  if (!why && !waited && !waitsFor && !source) return null;
  return (
    <p className={styles.why}>
      {why && <span>{why}.</span>}
      {waitsFor && <span>{waitsFor}.</span>}
      {waited?.to && Date.parse(waited.to) - Date.parse(waited.from) >= 1000 && (
        <span>
          It waited <Duration from={waited.from} to={waited.to} /> for {waited.what}.
        </span>
      )}
      {source && (
        <code className={styles.source}>
          {source.file}:{source.line}
        </code>
      )}
    </p>
  );
}

function emptyWords(job: JobSummary): string {
  if (job.kind === 'approval') return statusLook(job.status).word;
  if (job.status === 'queued') return 'Waiting for a free agent';
  if (job.status === 'blocked') return 'Not started yet';
  return 'No steps';
}
