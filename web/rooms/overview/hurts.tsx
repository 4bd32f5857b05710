import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ask } from '../../app/api.ts';
import { StatusMark } from '../../kit/badge.tsx';
import { plural } from '../../kit/figures.ts';
import { Time } from '../../kit/time.tsx';
import styles from './overview.module.css';

interface Hurt {
  key: string;
  link: (inside: ReactNode) => ReactNode;
  mark: string;
  what: string;
  title: string;
  more: ReactNode;
}

/** What hurts now: open incidents, failing checks, new errors. Says so when nothing does. */
export function Hurts({ project }: { project: string | undefined }) {
  const incidents = useQuery(ask('alerts', 'listIncidents', { query: { project, state: 'unclosed', limit: 5 } })).data;
  const checks = useQuery(ask('monitoring', 'listChecks', { query: { project, limit: 20 } })).data;
  const newest = { project, status: 'unresolved', limit: 10 } as const;
  const issues = useQuery(ask('errors', 'listIssues', { query: newest })).data;
  const hurts: Hurt[] = [
    ...(incidents?.items ?? []).map((incident) => ({
      key: incident.id,
      link: (inside: ReactNode) => (
        <Link to="/alerts" className={styles.hurt}>
          {inside}
        </Link>
      ),
      mark: incident.severity,
      what: incident.state === 'acknowledged' ? 'Incident, acknowledged' : 'Incident',
      title: incident.name,
      more: [incident.facet, incident.reason].filter(Boolean).join(': '),
    })),
    ...(checks?.items ?? [])
      .filter((check) => check.stateType === 'hard' && ['critical', 'warning', 'unknown'].includes(check.state))
      .map((check) => ({
        key: check.id,
        link: (inside: ReactNode) => (
          <Link to="/monitoring/$checkId" params={{ checkId: check.id }} className={styles.hurt}>
            {inside}
          </Link>
        ),
        mark: check.state,
        what: `Check ${check.state}`,
        title: check.name,
        more: check.output,
      })),
    ...(issues?.items ?? [])
      .filter((issue) => issue.substatus === 'new' || issue.substatus === 'regressed')
      .map((issue) => ({
        key: issue.id,
        link: (inside: ReactNode) => (
          <Link to="/errors/$issueId" params={{ issueId: issue.id }} className={styles.hurt}>
            {inside}
          </Link>
        ),
        mark: issue.substatus === 'regressed' ? 'regressed' : 'error',
        what: `${issue.substatus === 'regressed' ? 'Error came back' : 'New error'} ${issue.shortId}`,
        title: issue.title,
        more: (
          <>
            {plural(issue.count, 'event')}, <Time at={issue.lastSeenAt} />
          </>
        ),
      })),
  ];
  if (!incidents || !checks || !issues) return null;
  if (hurts.length === 0) {
    return (
      <p className={styles.well}>
        <StatusMark status="success" />
        No open incident, no failing check, no new error.
      </p>
    );
  }
  return (
    <section aria-label="What hurts now" className={styles.hurts}>
      {hurts.slice(0, 6).map((hurt) => (
        <div key={hurt.key}>
          {hurt.link(
            <>
              <StatusMark status={hurt.mark} />
              <span>
                <span className={styles.hurtWhat}>{hurt.what}</span>
                <span className={styles.hurtTitle}>{hurt.title}</span>
                <span className={styles.hurtMore}>{hurt.more}</span>
              </span>
            </>,
          )}
        </div>
      ))}
    </section>
  );
}
