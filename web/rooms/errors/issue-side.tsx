import { Link } from '@tanstack/react-router';
import { Activity, FlaskConical, GitCommitHorizontal, Rocket, SlidersHorizontal } from 'lucide-react';
import type { Answer } from '../../app/api.ts';
import { useProject } from '../../app/project.ts';
import { Tag } from '../../kit/badge.tsx';
import { plural } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { Sparkline } from '../../kit/sparkline.tsx';
import { Time } from '../../kit/time.tsx';
import styles from './issue.module.css';

const icons = { change: SlidersHorizontal, state: Activity, test: FlaskConical };

/** Something that happened around its appearance, and why it is named. */
function Sign({ sign }: { sign: Answer<'errors', 'getIssue'>['evidence'][number] }) {
  const Icon = icons[sign.kind];
  return (
    <li>
      {sign.href ? (
        <a href={sign.href}>
          <Icon aria-hidden size={13} /> {sign.text}
        </a>
      ) : (
        <span>
          <Icon aria-hidden size={13} /> {sign.text}
        </span>
      )}
      <span className={styles.quiet}>
        {sign.reason}, <Time at={sign.at} />
      </span>
    </li>
  );
}

/** Beside an issue: since when, how often, in which releases, and what it is laid at. */
export function IssueSide({ issue }: { issue: Answer<'errors', 'getIssue'> }) {
  const { suspect } = issue;
  const project = useProject().slugOf(issue.projectId);
  return (
    <aside className={styles.side} aria-label="About this issue">
      {((suspect && (suspect.deployment || suspect.commits.length > 0)) || issue.evidence.length > 0) && (
        <Section title="Probably caused by">
          <ul className={styles.suspect}>
            {suspect?.deployment && (
              <li>
                <Link to="/deployments/$deploymentId" params={{ deploymentId: suspect.deployment.id }}>
                  <Rocket aria-hidden size={13} /> {suspect.deployment.release} in {suspect.deployment.environment}
                </Link>
                <span className={styles.quiet}>
                  live <Time at={suspect.deployment.at} />
                  {suspect.deployment.eventId && (
                    <>
                      {' · '}
                      <Link to="/timeline" search={{ event: suspect.deployment.eventId }}>
                        causes and effects
                      </Link>
                    </>
                  )}
                </span>
              </li>
            )}
            {issue.evidence.map((one) => (
              <Sign key={`${one.at} ${one.text}`} sign={one} />
            ))}
            {suspect?.commits.map((commit) => (
              <li key={commit.sha}>
                <span>
                  <GitCommitHorizontal aria-hidden size={13} /> <code>{commit.sha.slice(0, 7)}</code>{' '}
                  {commit.message.split('\n')[0]}
                </span>
                <span className={styles.quiet}>
                  {commit.author.name}: {commit.reason}
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
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
