import type { UseQueryResult } from '@tanstack/react-query';
import { CircleAlert, Compass } from 'lucide-react';
import { Button } from '../kit/button.tsx';
import { Empty } from '../kit/empty.tsx';
import { ApiError } from './api.ts';
import styles from './problem.module.css';

/** What went wrong and what to do, where the thing itself would stand. */
export function Problem({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div className={styles.problem} role="alert">
      <CircleAlert aria-hidden />
      <div>
        <strong>{message}</strong>
        {error instanceof ApiError && error.hint && <p>{error.hint}</p>}
        {error instanceof ApiError && error.problems.length > 0 && (
          <ul>
            {error.problems.map((problem) => (
              <li key={`${problem.file}:${problem.line}:${problem.message}`}>{problem.message}</li>
            ))}
          </ul>
        )}
      </div>
      {retry && (
        <Button size="small" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** The problem of a query that has nothing to show; nothing otherwise. */
export function QueryProblem({ query }: { query: UseQueryResult<unknown> }) {
  if (!query.error || query.data !== undefined) return null;
  if (query.error instanceof ApiError && query.error.status === 404) {
    return (
      <Empty icon={<Compass />} title={query.error.message}>
        {query.error.hint ?? 'It may have been removed, or the link was cut short.'}
      </Empty>
    );
  }
  return <Problem error={query.error} retry={() => void query.refetch()} />;
}
