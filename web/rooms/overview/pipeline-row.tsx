import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { GitBranch } from 'lucide-react';
import { ask } from '../../app/api.ts';
import { Status, Tag } from '../../kit/badge.tsx';
import { Duration, Time } from '../../kit/time.tsx';
import { RunBars } from '../pipelines/run-bars.tsx';
import styles from './environment-row.module.css';

/** A project's pipeline as the first row of its way: the latest run, and how the ones before it went. */
export function PipelineRow({ project }: { project: string }) {
  const runs = useQuery(ask('pipelines', 'listRuns', { query: { project, limit: 20 } })).data?.items;
  const latest = runs?.[0];
  if (!runs || !latest) return null;
  return (
    <div className={styles.row}>
      <div className={styles.head}>
        <Link to="/pipelines" search={{ project }} className={styles.name}>
          Pipeline
        </Link>
        <Status status={latest.status} />
      </div>
      <div className={styles.middle}>
        <div className={styles.release}>
          <Link to="/runs/$runId" params={{ runId: latest.id }} className={styles.run}>
            <code>#{latest.number}</code>
            {latest.commit.message.split('\n')[0]}
          </Link>
        </div>
        <div className={styles.facts}>
          {(latest.branch ?? latest.tag) && (
            <Tag>
              <GitBranch aria-hidden />
              {latest.branch ?? latest.tag}
            </Tag>
          )}
          <span>{latest.commit.author.name}</span>
          {latest.startedAt && <Duration from={latest.startedAt} to={latest.finishedAt} />}
          <Time at={latest.queuedAt} />
        </div>
      </div>
      <div className={styles.end}>{runs.length > 1 && <RunBars runs={runs} />}</div>
    </div>
  );
}
