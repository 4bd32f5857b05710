import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Check } from 'lucide-react';
import type { JobSummary } from '../../../src/pipelines/api.ts';
import { api } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { StatusMark, Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { plural } from '../../kit/figures.ts';
import { statusLook } from '../../kit/status.ts';
import styles from './approval.module.css';
import { type Follower, followers } from './job-nodes.ts';

/** A job that waits for a person: what approving it lets happen, and the two ways to decide. */
export function Approval({ job, jobs }: { job: JobSummary; jobs: JobSummary[] }) {
  const refusal = useRefusal('developer');
  const approve = useMutation({ mutationFn: () => api.pipelines.approveJob({ params: { id: job.id } }) });
  const next = followers(jobs, job.key);
  return (
    <div className={styles.approval}>
      <div className={styles.decide}>
        <p>
          <strong>{job.name} waits for a person.</strong>{' '}
          {next.length > 0
            ? `Once it is approved, ${plural(next.length, 'job goes', 'jobs go')} on:`
            : 'No other job of this run follows it.'}
        </p>
        <span className={styles.buttons}>
          <Confirm
            trigger={<Button disabledBecause={refusal}>Refuse</Button>}
            title={`Refuse ${job.name}?`}
            action="Refuse"
            danger
            onConfirm={() => api.pipelines.cancelJob({ params: { id: job.id } })}
          >
            What waits for it does not run. The run can be repeated from here later.
          </Confirm>
          <Button
            look="primary"
            icon={<Check aria-hidden />}
            busy={approve.isPending}
            disabledBecause={refusal}
            onClick={() => approve.mutate()}
          >
            Approve {job.name}
          </Button>
        </span>
      </div>
      {approve.error && <Problem error={approve.error} />}
      {next.length > 0 && (
        <ol className={styles.next} aria-label={`What goes on after ${job.name}`}>
          {next.map((follower) => (
            <FollowerRow key={follower.job.key} follower={follower} />
          ))}
        </ol>
      )}
    </div>
  );
}

function FollowerRow({ follower: { job, turn, needs } }: { follower: Follower }) {
  return (
    <li style={{ paddingLeft: `${Math.min(turn - 1, 6) * 1.1}rem` }}>
      <StatusMark status={job.status} label={statusLook(job.status).word} />
      <Link to="/runs/$runId" params={{ runId: job.runId }} search={{ job: job.id }} replace resetScroll={false}>
        {job.name}
      </Link>
      {job.kind === 'approval' ? (
        <Tag>asks again</Tag>
      ) : (
        job.kind === 'build' && <Tag>{job.wantedExecutor === 'docker' ? (job.image ?? 'docker') : 'on the host'}</Tag>
      )}
      {job.nodeTotal > 1 && <span className={styles.quiet}>{plural(job.nodeTotal, 'copy', 'copies')}</span>}
      <span className={styles.quiet}>
        {needs.length > 0 ? `also needs ${needs.join(', ')}` : turn === 1 ? 'at once' : 'then'}
      </span>
    </li>
  );
}
