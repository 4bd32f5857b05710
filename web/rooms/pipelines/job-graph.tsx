import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { JobSummary } from '../../../src/pipelines/api.ts';
import { StatusMark } from '../../kit/badge.tsx';
import { Dag } from '../../kit/dag.tsx';
import { plural } from '../../kit/figures.ts';
import { groupBy } from '../../kit/group-by.ts';
import { statusLook } from '../../kit/status.ts';
import { Duration } from '../../kit/time.tsx';
import styles from './job-graph.module.css';
import { type JobNode, leadingJob, nodesOf } from './job-nodes.ts';

/** A workflow's jobs as a graph, live. */
export function JobGraph({
  workflow,
  jobs,
  selected,
}: {
  workflow: string;
  jobs: JobSummary[];
  selected: string | undefined;
}) {
  const nodes = useMemo(() => nodesOf(jobs), [jobs]);
  const chosen = nodes.find((node) => node.jobs.some((job) => job.id === selected))?.id;
  const lit = useMemo(() => wayTo(nodes, chosen), [nodes, chosen]);
  return (
    <Dag
      label={`Jobs of workflow ${workflow}`}
      nodes={nodes}
      lit={lit}
      render={(node) => {
        const job = leadingJob(node.jobs);
        return (
          <Link
            to="/runs/$runId"
            params={{ runId: job.runId }}
            search={{ job: job.id }}
            className={styles.node}
            data-tone={statusLook(job.status).tone}
            aria-current={node.id === chosen ? 'true' : undefined}
            resetScroll={false}
            replace
          >
            <StatusMark status={job.status} size={16} />
            <span className={styles.text}>
              <span className={styles.name}>{node.name}</span>
              <span className={styles.state}>
                <NodeState node={node} job={job} />
              </span>
            </span>
          </Link>
        );
      }}
    />
  );
}

/** How a node stands: a job by its own state, several by how many stand how. */
function NodeState({ node, job }: { node: JobNode; job: JobSummary }) {
  if (node.parameters) {
    const counts = [...groupBy(node.jobs, ({ status }) => statusLook(status).word)];
    return `${plural(node.jobs.length, 'cell')}: ${counts.map(([word, { length }]) => `${length} ${word.toLowerCase()}`).join(', ')}`;
  }
  return (
    <>
      {statusLook(job.status).word}
      {job.startedAt && (
        <>
          , <Duration from={job.startedAt} to={job.finishedAt} />
        </>
      )}
      {node.jobs.length > 1 && `, ${plural(node.jobs.length, 'copy', 'copies')}`}
    </>
  );
}

/** The selected node and everything it needed. */
function wayTo(nodes: JobNode[], key: string | undefined): ReadonlySet<string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const way = new Set<string>();
  const walk = (id: string) => {
    if (way.has(id)) return;
    way.add(id);
    for (const required of byId.get(id)?.requires ?? []) walk(required);
  };
  if (key) walk(key);
  return way;
}
