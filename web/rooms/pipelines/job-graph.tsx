import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { JobSummary } from '../../../src/pipelines/api.ts';
import { StatusMark } from '../../kit/badge.tsx';
import { Dag } from '../../kit/dag.tsx';
import { plural } from '../../kit/figures.ts';
import { statusLook } from '../../kit/status.ts';
import { Duration } from '../../kit/time.tsx';
import styles from './job-graph.module.css';

interface Node {
  id: string;
  requires: string[];
  /** The copies of a job with parallelism. */
  jobs: JobSummary[];
}

const worstFirst = ['failed', 'infrastructure_fail', 'running', 'on_hold', 'queued', 'canceled', 'blocked', 'success'];

/** The copy that tells most about a job: a failed one before a running one before the rest. */
export function leadingJob(jobs: readonly JobSummary[]): JobSummary {
  return jobs.toSorted((a, b) => worstFirst.indexOf(a.status) - worstFirst.indexOf(b.status))[0]!;
}

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
  const nodes = useMemo(() => {
    const byKey = new Map<string, Node>();
    for (const job of jobs) {
      const node = byKey.get(job.key);
      if (node) node.jobs.push(job);
      else byKey.set(job.key, { id: job.key, requires: job.requires.map((one) => one.key), jobs: [job] });
    }
    return [...byKey.values()];
  }, [jobs]);
  const selectedKey = jobs.find((job) => job.id === selected)?.key;
  const lit = useMemo(() => wayTo(nodes, selectedKey), [nodes, selectedKey]);
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
            aria-current={node.id === selectedKey ? 'true' : undefined}
            resetScroll={false}
            replace
          >
            <StatusMark status={job.status} size={16} />
            <span className={styles.text}>
              <span className={styles.name}>{job.name}</span>
              <span className={styles.state}>
                {statusLook(job.status).word}
                {job.startedAt && (
                  <>
                    , <Duration from={job.startedAt} to={job.finishedAt} />
                  </>
                )}
                {node.jobs.length > 1 && `, ${plural(node.jobs.length, 'copy', 'copies')}`}
              </span>
            </span>
          </Link>
        );
      }}
    />
  );
}

/** The selected node and everything it needed. */
function wayTo(nodes: Node[], key: string | undefined): ReadonlySet<string> {
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
