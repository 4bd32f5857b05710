import { useMemo } from 'react';
import type { TraceSpan } from '../../../src/telemetry/api.ts';
import { StatusMark } from '../../kit/badge.tsx';
import { spanText } from '../../kit/moments.ts';
import { inTreeOrder } from './span-tree.ts';
import styles from './waterfall.module.css';

/** Spans under their parents, placed in time. Colour tells the service, a mark tells an error. */
export function Waterfall({ spans, begin, end }: { spans: TraceSpan[]; begin: number; end: number }) {
  const rows = useMemo(() => inTreeOrder(spans), [spans]);
  const services = useMemo(() => [...new Set(spans.map((span) => span.service))], [spans]);
  const whole = Math.max(end - begin, 0.001);
  return (
    <ol className={styles.rows} aria-label="Spans">
      {rows.map(({ span, depth }) => (
        <li
          key={span.spanId}
          title={Object.entries(span.attributes)
            .map(([name, value]) => `${name}: ${value}`)
            .join('\n')}
        >
          <span className={styles.name} style={{ paddingLeft: `${depth * 0.9}rem` }}>
            {span.error && <StatusMark status="error" size={12} label="error" />}
            <b>{span.service}</b> {span.name}
          </span>
          <span className={styles.lane}>
            <i
              style={{
                left: `${((span.startMs - begin) / whole) * 100}%`,
                width: `max(2px, ${(span.durationMs / whole) * 100}%)`,
                background: span.error ? 'var(--bad)' : `var(--series-${(services.indexOf(span.service) % 8) + 1})`,
              }}
            />
          </span>
          <span className={styles.took}>{spanText(span.durationMs)}</span>
        </li>
      ))}
    </ol>
  );
}
