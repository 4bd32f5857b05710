import { ArrowDown, ArrowUp } from 'lucide-react';
import { type KeyboardEvent, type MouseEvent, type ReactNode, useMemo, useRef } from 'react';
import { classes } from './classes.ts';
import { SkeletonRows } from './skeleton.tsx';
import { compareCells, nextSort, readSort, type SortableValue } from './sorting.ts';
import styles from './table.module.css';

export interface Column<Row> {
  id: string;
  title: ReactNode;
  cell: (row: Row) => ReactNode;
  /** Makes the column sortable. */
  sort?: ((row: Row) => SortableValue) | undefined;
  /** Numbers stand to the right. */
  numeric?: boolean | undefined;
  /** Takes what is left; the others are as wide as they need. */
  grow?: boolean | undefined;
  /** What the row is: stands first and alone where a row becomes a card. The growing column, when none says so. */
  main?: boolean | undefined;
  /** Left out on narrow screens. */
  wideOnly?: boolean | undefined;
}

interface TableProps<Row> {
  /** What the table lists; read aloud. */
  label: string;
  columns: Column<Row>[];
  rows: Row[] | undefined;
  /** No rows will come; why is said elsewhere. */
  absent?: boolean | undefined;
  rowKey: (row: Row) => string;
  /** `column` or `-column` (descending), from the URL. */
  sort?: string | undefined;
  onSort?: ((sort: string | undefined) => void) | undefined;
  empty?: ReactNode;
  selected?: ((row: Row) => boolean) | undefined;
  /** Stays a table on a phone and scrolls sideways: for columns nobody can foresee. */
  plain?: boolean | undefined;
}

/**
 * A dense table. The first link or button of a row is its way in: the whole row clicks it, arrow keys or `j` and `k` move
 * between rows, Enter opens.
 */
export function Table<Row>({
  label,
  columns,
  rows,
  rowKey,
  sort,
  onSort,
  empty,
  selected,
  plain,
  absent,
}: TableProps<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const order = readSort(sort);
  const sorted = useMemo(() => {
    const column = columns.find((candidate) => candidate.id === order?.column);
    if (!rows || !order || !column?.sort) return rows;
    const value = column.sort;
    const sign = order.descending ? -1 : 1;
    return [...rows].sort((a, b) => sign * compareCells(value(a), value(b)));
  }, [rows, columns, order]);

  const main = columns.find((column) => column.main) ?? columns.find((column) => column.grow);
  if (!sorted) return absent ? null : <SkeletonRows />;
  if (sorted.length === 0) return <>{empty}</>;

  return (
    <div className={styles.scroll}>
      <table className={classes(styles.table, plain && styles.plain)} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => {
              const active = order?.column === column.id;
              const direction = active ? (order.descending ? 'descending' : 'ascending') : undefined;
              return (
                <th key={column.id} scope="col" aria-sort={direction} className={columnClass(column, main)}>
                  {column.sort && onSort ? (
                    <button type="button" onClick={() => onSort(nextSort(order, column.id))}>
                      {column.title}
                      {active && (order.descending ? <ArrowDown aria-hidden /> : <ArrowUp aria-hidden />)}
                    </button>
                  ) : (
                    column.title
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={moveBetweenRows}>
          {sorted.map((row) => (
            <tr key={rowKey(row)} onClick={openRow} data-selected={selected?.(row) || undefined}>
              {columns.map((column) => (
                <td
                  key={column.id}
                  className={columnClass(column, main)}
                  // "3 min ago" says by itself what it is.
                  data-title={typeof column.title === 'string' && column.title !== 'When' ? column.title : undefined}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function columnClass(column: Column<never>, main: Column<never> | undefined): string {
  return classes(
    column.numeric && styles.numeric,
    column.grow && styles.grow,
    column.wideOnly && styles.wideOnly,
    column === main && styles.main,
  );
}

const wayIn = 'a[href], button';

function openRow(event: MouseEvent<HTMLTableRowElement>) {
  const target = event.target as HTMLElement;
  if (target.closest('a, button, input, select, label') || window.getSelection()?.toString()) return;
  const link = event.currentTarget.querySelector<HTMLElement>(wayIn);
  if (!link) return;
  if ((event.metaKey || event.ctrlKey) && link instanceof HTMLAnchorElement) window.open(link.href, '_blank');
  else link.click();
}

function moveBetweenRows(event: KeyboardEvent<HTMLTableSectionElement>) {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  const row = (event.target as HTMLElement).closest('tr');
  if (!step || !row || event.metaKey || event.ctrlKey || event.altKey) return;
  if ((event.target as HTMLElement).closest('input, select, textarea')) return;
  const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  const link = next?.querySelector<HTMLElement>(wayIn);
  if (!link) return;
  event.preventDefault();
  link.focus();
}

/** Two lines in one cell: what it is, and under it what belongs to it. */
export function TwoLines({ first, second }: { first: ReactNode; second: ReactNode }) {
  return (
    <div className={styles.twoLines}>
      <div className={styles.first}>{first}</div>
      <div className={styles.second}>{second}</div>
    </div>
  );
}
