import { Link } from '@tanstack/react-router';
import { Rocket } from 'lucide-react';
import type { Answer } from '../../app/api.ts';
import { plural } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { Time } from '../../kit/time.tsx';
import { CommitLine } from './commit-line.tsx';
import styles from './release.module.css';

type Release = Answer<'errors', 'getRelease'>;

const shownFiles = 3;

/** Commits with who made them and what they touch. */
export function CommitList({ commits }: { commits: Release['commits'] }) {
  return (
    <ul className={styles.list}>
      {commits.map((commit) => (
        <li key={commit.sha}>
          <CommitLine commit={commit} />
          <span className={styles.quiet}>
            {commit.author.name}
            {commit.at && (
              <>
                , <Time at={commit.at} />
              </>
            )}
          </span>
          {commit.files.length > 0 && (
            <span className={styles.quiet} title={commit.files.join('\n')}>
              {commit.files.slice(0, shownFiles).join(', ')}
              {commit.files.length > shownFiles && ` and ${plural(commit.files.length - shownFiles, 'more file')}`}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Beside a release: where it was deployed, who wrote it, what changed. */
export function ReleaseSide({ release }: { release: Release }) {
  return (
    <div>
      <Section title="Deployments">
        {release.deployments.length === 0 ? (
          <p className={styles.quiet}>None known. sentry-cli can tell of one that another tool made.</p>
        ) : (
          <ul className={styles.list}>
            {release.deployments.map((one) => (
              <li key={`${one.environment} ${one.finishedAt}`}>
                <span>
                  <Rocket aria-hidden size={13} />{' '}
                  {one.deploymentId ? (
                    <Link to="/deployments/$deploymentId" params={{ deploymentId: one.deploymentId }}>
                      {one.environment}
                    </Link>
                  ) : (
                    one.environment
                  )}
                </span>
                <span className={styles.quiet}>
                  <Time at={one.finishedAt} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      {release.authors.length > 0 && (
        <Section title="Authors">
          <ul className={styles.list}>
            {release.authors.map((author) => (
              <li key={author.email || author.name}>
                <span>{author.name}</span>
                <span className={styles.quiet}>
                  {[author.email, plural(author.commits, 'commit')].filter(Boolean).join(', ')}
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section title="Commits">
        {release.commits.length === 0 ? (
          <p className={styles.quiet}>Nobody told which commits are in it.</p>
        ) : (
          <CommitList commits={release.commits} />
        )}
      </Section>
    </div>
  );
}
