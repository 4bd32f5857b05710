import type { Item } from '../../app/api.ts';
import { countText, plural } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { percentText } from './percent.ts';
import styles from './release.module.css';

type Release = Item<'errors', 'listReleases'>;

/** A figure of a release in words, and what it is counted from. */
export const releaseFigures: { name: string; value: (release: Release) => string; of: (release: Release) => string }[] =
  [
    {
      name: 'Crash-free sessions',
      value: ({ health }) => percentText(health?.crashFreeSessions),
      of: ({ health }) =>
        health ? `${countText(health.crashed)} of ${countText(health.sessions)} crashed` : 'no sessions',
    },
    {
      name: 'Crash-free users',
      value: ({ health }) => percentText(health?.crashFreeUsers),
      of: ({ health }) =>
        health?.users
          ? `${countText(health.crashedUsers)} of ${countText(health.users)} met a crash`
          : 'users are not told apart',
    },
    {
      name: 'Adoption',
      value: ({ health }) => percentText(health?.adoption),
      of: () => 'of the sessions of the last day',
    },
    { name: 'Errors', value: ({ events }) => countText(events), of: ({ issues }) => `in ${plural(issues, 'issue')}` },
    {
      name: 'New issues',
      value: ({ newIssues }) => countText(newIssues),
      of: () => 'never seen before it',
    },
    {
      name: 'Regressed',
      value: ({ regressedIssues }) => countText(regressedIssues),
      of: () => 'came back after they were resolved',
    },
  ];

/** How a release fares, in six figures. */
export function ReleaseFigures({ release }: { release: Release }) {
  return (
    <Section>
      <dl className={styles.figures}>
        {releaseFigures.map((figure) => (
          <div key={figure.name}>
            <dt>{figure.name}</dt>
            <dd className={styles.value}>{figure.value(release)}</dd>
            <dd className={styles.quiet}>{figure.of(release)}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}
