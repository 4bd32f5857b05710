import type { HistogramCell } from '../../../src/telemetry/api.ts';
import { numberText } from '../../kit/figures.ts';
import { Sparkline } from '../../kit/sparkline.tsx';
import styles from './explore.module.css';

/** A histogram in a cell, with the range it covers. */
export function HistogramBars({ cell }: { cell: HistogramCell }) {
  const end = cell.start + cell.width * cell.counts.length;
  return (
    <span className={styles.histogram} title={`${numberText(cell.start)} to ${numberText(end)}`}>
      <Sparkline counts={cell.counts} what="value" width={220} height={40} />
    </span>
  );
}
