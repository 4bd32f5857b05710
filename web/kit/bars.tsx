import styles from './bars.module.css';
import { seriesToken } from './series-color.ts';

export interface Part {
  label: string;
  value: number;
  /** The value as people read it. */
  text: string;
}

/** Values side by side, the longest bar for the largest. */
export function Bars({ parts, label }: { parts: Part[]; label: string }) {
  const most = Math.max(...parts.map((part) => Math.abs(part.value)), Number.MIN_VALUE);
  return (
    <ol className={styles.bars} aria-label={label}>
      {parts.map((part) => (
        <li key={part.label}>
          <span className={styles.name} title={part.label}>
            {part.label || '–'}
          </span>
          <span className={styles.value}>{part.text}</span>
          <i style={{ width: `${(Math.abs(part.value) / most) * 100}%` }} aria-hidden />
        </li>
      ))}
    </ol>
  );
}

/** Shares of a whole, with a legend; what is negative has no share. */
export function Pie({ parts, label }: { parts: Part[]; label: string }) {
  const shown = parts.filter((part) => part.value > 0);
  const total = shown.reduce((sum, part) => sum + part.value, 0);
  let from = 0;
  const slices = shown.map((part, index) => {
    const share = part.value / total;
    const path = slice(from, from + share);
    from += share;
    return { part, share, path, color: `var(${seriesToken(index)})` };
  });
  return (
    <figure className={styles.pie} aria-label={label}>
      <svg viewBox="-1 -1 2 2" data-figure role="img" aria-label={label}>
        {slices.map(({ part, path, color }) => (
          <path key={part.label} d={path} style={{ fill: color }}>
            <title>{`${part.label}: ${part.text}`}</title>
          </path>
        ))}
      </svg>
      <figcaption>
        {slices.map(({ part, share, color }) => (
          <span key={part.label} className={styles.key} data-key>
            <i style={{ background: color }} />
            <span className={styles.name} title={part.label}>
              {part.label || '–'}
            </span>{' '}
            <b>{part.text}</b> <span className={styles.share}>{(share * 100).toFixed(1)} %</span>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** A ring's piece between two shares of the circle, clockwise from the top. */
function slice(from: number, to: number): string {
  const hole = 0.58;
  // A whole circle has no corners to draw an arc between.
  const end = Math.min(to, from + 0.9999);
  const point = (share: number, radius: number) => {
    const angle = share * 2 * Math.PI - Math.PI / 2;
    return `${(Math.cos(angle) * radius).toFixed(4)} ${(Math.sin(angle) * radius).toFixed(4)}`;
  };
  const large = end - from > 0.5 ? 1 : 0;
  return `M ${point(from, 1)} A 1 1 0 ${large} 1 ${point(end, 1)} L ${point(end, hole)} A ${hole} ${hole} 0 ${large} 0 ${point(from, hole)} Z`;
}
