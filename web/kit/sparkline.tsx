import { plural } from './figures.ts';
import { InOrder } from './in-order.tsx';
import styles from './sparkline.module.css';

interface SparklineProps {
  counts: number[];
  /** What is counted: `event`. */
  what: string;
  width?: number | undefined;
  height?: number | undefined;
  tone?: 'bad' | 'accent' | undefined;
}

/** A small row of bars: how often, over time. */
export function Sparkline({ counts, what, width = 120, height = 24, tone = 'accent' }: SparklineProps) {
  const most = Math.max(1, ...counts);
  const step = width / Math.max(1, counts.length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const label = `${plural(total, what)}, at most ${most} in one of ${counts.length} spans`;
  return (
    <svg
      className={styles.line}
      data-tone={tone}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <path d={`M0 ${height - 0.5}H${width}`} className={styles.base} />
      <InOrder items={counts}>
        {(count, index) => {
          const size = count === 0 ? 0 : Math.max(2, (count / most) * (height - 2));
          return (
            <rect
              x={index * step}
              y={height - size}
              width={Math.max(1, step - 1)}
              height={size}
              rx={Math.min(1, step / 4)}
            />
          );
        }}
      </InOrder>
    </svg>
  );
}
