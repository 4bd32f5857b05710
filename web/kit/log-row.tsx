import { ChevronDown, ChevronRight } from 'lucide-react';
import { memo } from 'react';
import type { TextStyle } from './ansi.ts';
import { AnsiText } from './ansi-text.tsx';
import { classes } from './classes.ts';
import type { Fold, LogEntry } from './log-lines.ts';
import styles from './log-view.module.css';
import { absoluteTime, clockTime } from './moments.ts';

interface LogRowProps {
  /** Its place among the rows that are shown, and where that is, in px. */
  row: number;
  start: number;
  /** Its place in the whole log, from 0. */
  index: number;
  entry: LogEntry | undefined;
  look: TextStyle | undefined;
  fold: Fold | undefined;
  folded: boolean;
  target: boolean;
  hit: 'current' | 'other' | undefined;
  showTime: boolean;
  measure: (element: Element | null) => void;
  onNumber: (index: number) => void;
  onFold: (index: number) => void;
}

/** One line of a log. Drawn again only when something of its own changes: while scrolling, that is none of those in sight. */
export const LogRow = memo(function LogRow(props: LogRowProps) {
  const { row, start, index, entry, look, fold, folded, target, hit, showTime, measure, onNumber, onFold } = props;
  return (
    <div
      data-index={row}
      ref={measure}
      className={styles.row}
      data-target={target || undefined}
      data-hit={hit}
      style={{ transform: `translateY(${start}px)` }}
    >
      <button
        type="button"
        className={styles.number}
        title={entry?.at ? absoluteTime(entry.at) : undefined}
        aria-label={`Link to line ${index + 1}`}
        tabIndex={-1}
        onClick={() => onNumber(index)}
      >
        {index + 1}
      </button>
      {showTime && <span className={styles.time}>{entry?.at ? clockTime(entry.at) : ''}</span>}
      {fold ? (
        <button type="button" className={styles.fold} aria-expanded={!folded} onClick={() => onFold(index)}>
          {folded ? <ChevronRight aria-hidden size={13} /> : <ChevronDown aria-hidden size={13} />}
          {fold.title || 'Group'}
          {folded && <span className={styles.time}>{fold.to - fold.from} lines</span>}
        </button>
      ) : (
        <AnsiText className={classes(styles.text, !entry && styles.absent)} text={entry?.text ?? '…'} start={look} />
      )}
    </div>
  );
});
