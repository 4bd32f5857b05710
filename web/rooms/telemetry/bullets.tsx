import type { Part } from '../../kit/bars.tsx';
import { amountText } from '../../kit/figures.ts';
import styles from './explore.module.css';
import { severityOf, type Threshold } from './thresholds.ts';

/** Numbers held against a limit: how far each is on its way there. */
export function Bullets({
  parts,
  limit,
  unit,
  thresholds,
}: {
  parts: Part[];
  limit: number | undefined;
  unit: string | null | undefined;
  thresholds: Threshold[] | undefined;
}) {
  const most = limit ?? Math.max(...parts.map((part) => part.value), Number.MIN_VALUE);
  return (
    <ol className={styles.bullets}>
      {parts.map((part) => (
        <li key={part.label}>
          <span className={styles.bulletName}>{part.label}</span>
          <b data-severity={severityOf(part.value, thresholds, part.label)}>{part.text}</b>
          <span
            className={styles.bulletBar}
            role="img"
            aria-label={`${part.text} of ${amountText(most, unit)}`}
            data-over={part.value > most || undefined}
          >
            <i style={{ width: `${Math.min(100, Math.max(0, (part.value / most) * 100))}%` }} />
          </span>
          {limit !== undefined && <span className={styles.bulletEnds}>of {amountText(limit, unit)}</span>}
        </li>
      ))}
    </ol>
  );
}
