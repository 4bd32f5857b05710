import type { HistogramCell } from '../../../src/telemetry/api.ts';
import { amountText } from '../../kit/figures.ts';
import { Sparkline } from '../../kit/sparkline.tsx';
import styles from './explore.module.css';

/** A histogram with the range it covers under it; large where it is the whole answer. */
export function HistogramBars({
  cell,
  large,
  height = 180,
  unit,
}: {
  cell: HistogramCell;
  large: boolean;
  height?: number;
  /** Of the values. */
  unit?: string | null | undefined;
}) {
  const end = cell.start + cell.width * cell.counts.length;
  const width = large ? 640 : 220;
  return (
    <span className={styles.histogram} style={{ maxWidth: width }}>
      <Sparkline counts={cell.counts} what="value" width={width} height={large ? height : 40} />
      <span className={styles.ends}>
        <span>{amountText(cell.start, unit)}</span>
        {large && <span>each bar spans {amountText(cell.width, unit)}</span>}
        <span>{amountText(end, unit)}</span>
      </span>
    </span>
  );
}
