import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { ask } from './api.ts';
import styles from './health-bar.module.css';

/** What is wrong with the server itself, in words, above every page; nothing while it fares well. */
export function HealthBar() {
  const { data } = useQuery({ ...ask('health', 'get'), refetchInterval: 15_000 });
  if (!data || data.status === 'ok') return null;
  return (
    <div className={styles.bar} role="alert">
      <TriangleAlert aria-hidden />
      {data.problems.map((problem) => (
        <p key={problem.code}>
          <strong>{problem.message}</strong> {problem.hint}
        </p>
      ))}
    </div>
  );
}
