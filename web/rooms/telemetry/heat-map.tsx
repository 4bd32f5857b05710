import type { HistogramCell } from '../../../src/telemetry/api.ts';
import { amountText, countText } from '../../kit/figures.ts';
import styles from './explore.module.css';

export interface HeatRow {
  name: string;
  cell: HistogramCell;
}

/** Histograms below one another: the darker a field, the more values lie in its range. Fields say their numbers when pointed at. */
export function HeatMap({ rows, unit }: { rows: HeatRow[]; unit: string | null | undefined }) {
  const most = Math.max(1, ...rows.flatMap(({ cell }) => cell.counts));
  const first = rows[0]?.cell;
  if (!first) return null;
  const edge = (index: number) => amountText(first.start + index * first.width, unit);
  return (
    <table className={styles.heat}>
      <tbody>
        {rows.map(({ name, cell }) => (
          <tr key={name}>
            <th scope="row" title={name}>
              {name || '–'}
            </th>
            <td>
              <span
                className={styles.heatRow}
                role="img"
                aria-label={`${name}: ${countText(cell.counts.reduce((sum, one) => sum + one, 0))} values`}
              >
                {cell.counts.map((count, index) => (
                  <i
                    key={edge(index)}
                    title={`${edge(index)} to ${edge(index + 1)}: ${countText(count)}`}
                    style={{ opacity: count === 0 ? 0.06 : 0.2 + 0.8 * Math.sqrt(count / most) }}
                  />
                ))}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td />
          <td className={styles.ends}>
            <span>{edge(0)}</span>
            <span>each field spans {amountText(first.width, unit)}</span>
            <span>{edge(first.counts.length)}</span>
          </td>
        </tr>
      </tfoot>
    </table>
  );
}
