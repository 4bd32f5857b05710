import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDownToLine, ChevronDown, ChevronRight, ChevronUp, Clock, Download } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ansiColor, parseAnsi, type TextStyle } from './ansi.ts';
import { Button, IconButton } from './button.tsx';
import { classes } from './classes.ts';
import { Input } from './field.tsx';
import type { LogLines } from './log-lines.ts';
import styles from './log-view.module.css';
import { absoluteTime, clockTime } from './moments.ts';

interface LogViewProps {
  lines: LogLines;
  /** Grows with every append: the lines themselves are too many to compare. */
  revision: number;
  /** More is still coming. */
  live: boolean;
  /** The line a link points at, from 1. */
  line?: number | undefined;
  onLine?: ((line: number | undefined) => void) | undefined;
  downloadName: string;
  height?: string | undefined;
  /** Said while there is nothing. */
  waiting?: string | undefined;
}

const rowHeight = 20;

/**
 * A log of any length: only what is in sight is drawn. Follows the end until the reader scrolls up; lines have
 * numbers that link; groups fold; search jumps from hit to hit.
 */
export function LogView(props: LogViewProps) {
  const { lines, revision, live, line, onLine, downloadName, height = '28rem', waiting } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(live && line === undefined);
  const [words, setWords] = useState('');
  const [hit, setHit] = useState(0);
  const [showTime, setShowTime] = useState(false);
  const [folded, setFolded] = useState<ReadonlySet<number>>(() => new Set());

  // biome-ignore lint/correctness/useExhaustiveDependencies: `revision` stands for the content of `lines`
  const shown = useMemo(() => lines.visible(folded), [lines, revision, folded]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `revision` stands for the content of `lines`
  const hits = useMemo(() => lines.search(words.trim()), [lines, revision, words]);
  const hitSet = useMemo(() => new Set(hits), [hits]);
  const foldAt = new Map(lines.folds.map((fold) => [fold.from, fold]));
  const count = shown?.length ?? lines.count;

  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 30,
  });

  const goTo = (index: number) => rows.scrollToIndex(shown ? shown.indexOf(index) : index, { align: 'center' });

  useEffect(() => {
    if (follow && count > 0) rows.scrollToIndex(count - 1, { align: 'end' });
  }, [follow, count, rows]);

  const arrived = line !== undefined && lines.count >= line;
  // biome-ignore lint/correctness/useExhaustiveDependencies: go there once, when the line is first there
  useEffect(() => {
    if (arrived && line !== undefined) goTo(line - 1);
  }, [arrived, line]);

  const step = (by: number) => {
    if (hits.length === 0) return;
    const next = (hit + by + hits.length) % hits.length;
    setHit(next);
    setFollow(false);
    goTo(hits[next]!);
  };

  const onScroll = () => {
    const box = scroller.current;
    if (!box || !live) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < rowHeight * 2;
    if (atEnd !== follow) setFollow(atEnd);
  };

  const download = () => {
    const address = URL.createObjectURL(new Blob([lines.text()], { type: 'text/plain' }));
    const link = Object.assign(document.createElement('a'), { href: address, download: downloadName });
    link.click();
    URL.revokeObjectURL(address);
  };

  return (
    <div className={styles.view}>
      <div className={styles.bar} role="toolbar" aria-label="Log">
        <Input
          className={styles.search ?? ''}
          aria-label="Search in the log"
          placeholder="Search"
          type="search"
          value={words}
          onChange={(event) => {
            setWords(event.target.value);
            setHit(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
          }}
        />
        {words && (
          <>
            <span className={styles.hits} role="status">
              {hits.length === 0 ? 'none' : `${Math.min(hit + 1, hits.length)} of ${hits.length}`}
            </span>
            <IconButton size="small" label="Hit before" keys="Shift+Enter" onClick={() => step(-1)}>
              <ChevronUp aria-hidden />
            </IconButton>
            <IconButton size="small" label="Next hit" keys="Enter" onClick={() => step(1)}>
              <ChevronDown aria-hidden />
            </IconButton>
          </>
        )}
        <span className={styles.gap} />
        {live && (
          <Button
            size="small"
            look="quiet"
            aria-pressed={follow}
            icon={<ArrowDownToLine aria-hidden />}
            onClick={() => setFollow(!follow)}
          >
            {follow ? 'Following' : 'Follow'}
          </Button>
        )}
        <IconButton
          size="small"
          label={showTime ? 'Hide times' : 'Show times'}
          aria-pressed={showTime}
          onClick={() => setShowTime(!showTime)}
        >
          <Clock aria-hidden />
        </IconButton>
        <IconButton size="small" label="Download" onClick={download}>
          <Download aria-hidden />
        </IconButton>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a scrolling log region */}
      <div
        ref={scroller}
        className={styles.scroller}
        style={{ maxHeight: height }}
        onScroll={onScroll}
        role="region"
        aria-label="Log output"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
      >
        {count === 0 && <p className={styles.waiting}>{waiting ?? (live ? 'Waiting for output…' : 'No output.')}</p>}
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map((row) => {
            const index = shown ? shown[row.index]! : row.index;
            const entry = lines.entry(index);
            const fold = foldAt.get(index);
            return (
              <div
                key={row.key}
                data-index={row.index}
                ref={rows.measureElement}
                className={classes(styles.row, entry?.level && styles[entry.level])}
                data-target={line === index + 1 || undefined}
                data-hit={hitSet.has(index) ? (hits[hit] === index ? 'current' : 'other') : undefined}
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <button
                  type="button"
                  className={styles.number}
                  title={entry?.at ? absoluteTime(entry.at) : undefined}
                  aria-label={`Link to line ${index + 1}`}
                  onClick={() => onLine?.(line === index + 1 ? undefined : index + 1)}
                >
                  {index + 1}
                </button>
                {showTime && <span className={styles.time}>{entry?.at ? clockTime(entry.at) : ''}</span>}
                {fold ? (
                  <button
                    type="button"
                    className={styles.fold}
                    aria-expanded={!folded.has(index)}
                    onClick={() => setFolded(toggled(folded, index))}
                  >
                    {folded.has(index) ? <ChevronRight aria-hidden size={13} /> : <ChevronDown aria-hidden size={13} />}
                    {fold.title || 'Group'}
                    {folded.has(index) && <span className={styles.time}>{fold.to - fold.from} lines</span>}
                  </button>
                ) : (
                  <AnsiText text={entry?.text ?? ''} start={lines.styleAt(index)} />
                )}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function toggled(set: ReadonlySet<number>, value: number): ReadonlySet<number> {
  const next = new Set(set);
  if (!next.delete(value)) next.add(value);
  return next;
}

/** One line of terminal output with its colours. */
export function AnsiText({ text, start }: { text: string; start?: TextStyle | undefined }) {
  const { pieces } = parseAnsi(text, start);
  return (
    <span className={styles.text}>
      {pieces.map((piece, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line never move
        <span key={index} style={cssOf(piece.style)}>
          {piece.text}
        </span>
      ))}
    </span>
  );
}

function cssOf(style: TextStyle) {
  const front = style.color === undefined ? undefined : ansiColor(style.color);
  const back = style.background === undefined ? undefined : ansiColor(style.background);
  return {
    color: style.inverse ? (back ?? 'var(--sunken)') : front,
    backgroundColor: style.inverse ? (front ?? 'var(--text)') : back,
    fontWeight: style.bold ? 650 : undefined,
    opacity: style.dim ? 0.7 : undefined,
    fontStyle: style.italic ? 'italic' : undefined,
    textDecoration: style.underline ? 'underline' : style.strike ? 'line-through' : undefined,
  };
}
