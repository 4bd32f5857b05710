import { useQuery } from '@tanstack/react-query';
import { ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import styles from './issue.module.css';

/** How the values of each tag are spread over the events. */
export function TagBars({ issueId }: { issueId: string }) {
  const query = useQuery(ask('errors', 'getIssueTags', { params: { issueId } }));
  if (!query.data) return query.error ? <QueryProblem query={query} /> : <SkeletonRows />;
  const { sampled, tags } = query.data;
  return (
    <Section title={`Tags of ${sampled} kept events`}>
      {tags.length === 0 && <Empty title="No tags">Tags that the client sets are counted here.</Empty>}
      <div className={styles.tags}>
        {tags.map((tag) => {
          const total = tag.values.reduce((sum, one) => sum + one.count, tag.others);
          return (
            <div key={tag.key}>
              <h3>{tag.key}</h3>
              <ul>
                {tag.values.slice(0, 6).map((one) => (
                  <li key={one.value} className={styles.bar}>
                    <i style={{ width: `${(one.count / Math.max(1, total)) * 100}%` }} aria-hidden />
                    <span>{one.value}</span>
                    <span>{Math.round((one.count / Math.max(1, total)) * 100)} %</span>
                  </li>
                ))}
              </ul>
            </div>
          );
        })}
      </div>
    </Section>
  );
}
