import type { Item } from '../../app/api.ts';
import styles from './run-marks.module.css';

type Status = Item<'errors', 'listMonitors'>['recent'][number];

const words: Record<Status, string> = {
  ok: 'succeeded',
  error: 'failed',
  missed: 'missed',
  timeout: 'too long',
  in_progress: 'running',
};

/** How the latest runs of a job went, oldest first; failures stand out by height, not by colour alone. */
export function RunMarks({ recent }: { recent: Status[] }) {
  if (recent.length === 0) return <>–</>;
  const counts = Object.entries(words)
    .map(([status, word]) => ({ word, count: recent.filter((one) => one === status).length }))
    .filter(({ count }) => count > 0);
  const label = `Latest runs: ${counts.map(({ word, count }) => `${count} ${word}`).join(', ')}`;
  return (
    <span className={styles.marks} role="img" aria-label={label} title={label}>
      {recent
        .map((status, index) => ({ status, key: `run ${index}` }))
        .map(({ status, key }) => (
          <i key={key} data-status={status} />
        ))}
    </span>
  );
}
