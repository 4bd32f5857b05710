import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { StatusMark } from '../../kit/badge.tsx';
import { Section } from '../../kit/page.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import { statusLook } from '../../kit/status.ts';
import { Duration } from '../../kit/time.tsx';
import styles from './overview.module.css';

/** What is running now: runs and deployments. */
export function UnderWay({ project }: { project: string | undefined }) {
  const { slugOf } = useProject();
  const runs = useQuery(ask('pipelines', 'listRuns', { query: { project, limit: 20 } }));
  const deployments = useQuery(ask('deployments', 'listDeployments', { query: { project, limit: 20 } }));
  const moving = (runs.data?.items ?? []).filter((run) => ['queued', 'running', 'on_hold'].includes(run.status));
  const rolling = (deployments.data?.items ?? []).filter((one) =>
    ['on_hold', 'queued', 'running', 'verifying', 'rolling_back'].includes(one.status),
  );
  return (
    <Section flush title="Now">
      <QueryProblem query={runs} />
      {!runs.error && <QueryProblem query={deployments} />}
      {(runs.isPending || deployments.isPending) && <Skeleton height="2.5rem" />}
      {runs.data && deployments.data && moving.length + rolling.length === 0 && (
        <p className={styles.none}>Nothing is running.</p>
      )}
      <ul className={styles.now} aria-live="polite">
        {rolling.map((one) => (
          <li key={one.id}>
            <Link to="/deployments/$deploymentId" params={{ deploymentId: one.id }}>
              <StatusMark status={one.status} label={statusLook(one.status).word} />
              <span className={styles.nowText}>
                {one.release.version} to {one.project} / {one.environment}
              </span>
              <span className={styles.nowTime}>
                {one.startedAt ? <Duration from={one.startedAt} /> : statusLook(one.status).word}
              </span>
            </Link>
          </li>
        ))}
        {moving.map((run) => (
          <li key={run.id}>
            <Link to="/runs/$runId" params={{ runId: run.id }}>
              <StatusMark status={run.status} label={statusLook(run.status).word} />
              <span className={styles.nowText}>
                {project ? '' : `${slugOf(run.projectId) ?? ''} `}#{run.number} {run.commit.message.split('\n')[0]}
              </span>
              <span className={styles.nowTime}>
                {run.startedAt ? <Duration from={run.startedAt} /> : statusLook(run.status).word}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}
