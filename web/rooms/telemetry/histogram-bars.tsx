import type { HistogramCell } from '../../../src/telemetry/api.ts';
import { numberText } from '../../kit/figures.ts';
import { Sparkline } from '../../kit/sparkline.tsx';
import styles from './explore.module.css';

/** A histogram with the range it covers under it; large where it is the whole answer. */
export function HistogramBars({ cell, large, height = 180 }: { cell: HistogramCell; large: boolean; height?: number }) {
  const end = cell.start + cell.width * cell.counts.length;
  const width = large ? 640 : 220;
  return (
    <span className={styles.histogram} style={{ maxWidth: width }}>
      <Sparkline counts={cell.counts} what="value" width={width} height={large ? height : 40} />
      <span className={styles.ends}>
        <span>{numberText(cell.start)}</span>
        {large && <span>each bar spans {numberText(cell.width)}</span>}
        <span>{numberText(end)}</span>
      </span>
    </span>
  );
}
