import { Link } from '@tanstack/react-router';
import type { Answer } from '../../app/api.ts';
import { useProject } from '../../app/project.ts';
import { Tag } from '../../kit/badge.tsx';
import { plural } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { Sparkline } from '../../kit/sparkline.tsx';
import { Time } from '../../kit/time.tsx';
import styles from './issue.module.css';

/** Beside an issue: whose it is, since when, how often, and in which releases. */
export function IssueSide({ issue }: { issue: Answer<'errors', 'getIssue'> }) {
  const project = useProject().slugOf(issue.projectId);
  return (
    <aside className={styles.side} aria-label="About this issue">
      {issue.ownership && (
        <Section title="Owners">
          <ul className={styles.suspect}>
            <li>
              <span>{issue.ownership.owners.map((owner) => owner.name).join(', ')}</span>
              <span className={styles.quiet}>
                {issue.ownership.source === 'rules' ? 'rule' : 'CODEOWNERS'} <code>{issue.ownership.rule}</code> matches{' '}
                {issue.ownership.matched}
              </span>
            </li>
          </ul>
        </Section>
      )}
      <Section title="Last 7 days">
        <Sparkline counts={issue.histogram.counts} what="event" tone="bad" width={284} height={52} />
      </Section>
      <Section title="Seen">
        <dl className={styles.big}>
          <div>
            <dt>First</dt>
            <dd>
              <Time at={issue.firstSeenAt} />
            </dd>
            <dd className={styles.quiet}>{issue.firstRelease ?? 'no release named'}</dd>
          </div>
          <div>
            <dt>Last</dt>
            <dd>
              <Time at={issue.lastSeenAt} />
            </dd>
            <dd className={styles.quiet}>{issue.lastRelease ?? 'no release named'}</dd>
          </div>
        </dl>
      </Section>
      {issue.releases.length > 0 && (
        <Section title="Releases">
          <ul className={styles.suspect}>
            {issue.releases.slice(0, 8).map((one) => (
              <li key={`${one.release}/${one.environment}`}>
                <span>
                  {project ? (
                    <Link to="/errors/releases/$project/$release" params={{ project, release: one.release }}>
                      {one.release}
                    </Link>
                  ) : (
                    one.release
                  )}{' '}
                  {one.environment && <Tag>{one.environment}</Tag>} {one.first && <Tag tone="bad">first</Tag>}
                </span>
                <span className={styles.quiet}>
                  {plural(one.count, 'event')}, last <Time at={one.lastSeenAt} />
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </aside>
  );
}
