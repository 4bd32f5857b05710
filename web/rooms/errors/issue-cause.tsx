import { Link } from '@tanstack/react-router';
import { Activity, FlaskConical, Rocket, SlidersHorizontal } from 'lucide-react';
import type { Answer } from '../../app/api.ts';
import { Section } from '../../kit/page.tsx';
import { Time } from '../../kit/time.tsx';
import { CommitLine } from './commit-line.tsx';
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

/** What an issue is laid at: the deployment it came with, what happened around its first event, commits. */
export function IssueCause({ issue }: { issue: Answer<'errors', 'getIssue'> }) {
  const { suspect } = issue;
  const known = suspect?.deployment || (suspect && suspect.commits.length > 0) || issue.evidence.length > 0;
  if (!known) return null;
  return (
    <div className={styles.cause}>
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
              <CommitLine commit={commit} />
              <span className={styles.quiet}>{commit.reason}</span>
            </li>
          ))}
        </ul>
      </Section>
    </div>
  );
}
