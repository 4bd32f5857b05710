import { useQuery } from '@tanstack/react-query';
import { ask } from '../../app/api.ts';
import { Section } from '../../kit/page.tsx';
import { Time } from '../../kit/time.tsx';
import styles from './issue.module.css';

/** What users wrote about an issue; what is about this event first. Nothing when nobody wrote. */
export function UserFeedback({ issueId, eventId }: { issueId: string; eventId: string }) {
  const query = useQuery(ask('errors', 'listFeedback', { query: { issue: issueId, limit: 20 } }));
  const items = [...(query.data?.items ?? [])].sort(
    (a, b) => Number(b.eventId === eventId) - Number(a.eventId === eventId),
  );
  if (items.length === 0) return null;
  return (
    <Section title="What users wrote">
      <ul className={styles.activity}>
        {items.map((item) => (
          <li key={item.id}>
            <span>{item.message}</span>
            <span className={styles.quiet}>{[item.name, item.email].filter(Boolean).join(', ') || 'somebody'}</span>
            <span className={styles.quiet}>
              <Time at={item.at} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
