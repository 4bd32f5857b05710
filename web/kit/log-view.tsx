import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { LogBar } from './log-bar.tsx';
import type { LogLines } from './log-lines.ts';
import { LogRow } from './log-row.tsx';
import styles from './log-view.module.css';
import { ScrollRegion } from './scroll-region.tsx';

interface LogViewProps {
  lines: LogLines;
  /** Grows with every change: the lines themselves are too many to compare. */
  revision: number;
  /** More is still coming. */
  live: boolean;
  /** The line a link points at, from 1. */
  line?: number | undefined;
  onLine?: ((line: number | undefined) => void) | undefined;
  /** Lines in sight that may not be fetched yet. */
  onNeed?: ((from: number, to: number) => void) | undefined;
  /** Finds lines that are not here; indexes from 0. */
  search?: ((words: string) => Promise<number[]>) | undefined;
  /** Address of the whole log as text. */
  rawUrl?: string | undefined;
  height?: string | undefined;
  /** Said while there is nothing. */
  waiting?: string | undefined;
}

const rowHeight = 20;

/**
 * A log of any length: only what is in sight is drawn, and fetched. Follows the end until the reader scrolls up; lines
 * have numbers that link; groups fold; search jumps from hit to hit.
 */
export function LogView(props: LogViewProps) {
  const { lines, revision, live, line, onLine, onNeed, search, rawUrl, height = '30rem', waiting } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(live && line === undefined);
  const [hits, setHits] = useState<number[]>([]);
  const [hit, setHit] = useState(0);
  const [showTime, setShowTime] = useState(false);
  const [folded, setFolded] = useState<ReadonlySet<number>>(() => new Set());

  // biome-ignore lint/correctness/useExhaustiveDependencies: `revision` stands for the content of `lines`
  const shown = useMemo(() => lines.visible(folded), [lines, revision, folded]);
  const hitSet = useMemo(() => new Set(hits), [hits]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `revision` stands for the content of `lines`
  const foldAt = useMemo(() => new Map(lines.folds.map((fold) => [fold.from, fold])), [lines, revision]);
  const count = shown?.length ?? lines.count;

  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 30,
  });
  const items = rows.getVirtualItems();
  const indexOf = (row: number) => (shown ? shown[row]! : row);
  const goTo = (index: number) => {
    setFollow(false);
    rows.scrollToIndex(shown ? Math.max(0, shown.indexOf(index)) : index, { align: 'center' });
  };

  const first = items[0] ? indexOf(items[0].index) : 0;
  const last = items.length > 0 ? indexOf(items.at(-1)!.index) : -1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again whenever what is in sight or there changes
  useEffect(() => {
    if (last >= 0) onNeed?.(first, last + 1);
  }, [first, last, revision]);

  useEffect(() => {
    if (follow && count > 0) rows.scrollToIndex(count - 1, { align: 'end' });
  }, [follow, count, rows]);

  const full = count * rowHeight > (scroller.current?.clientHeight ?? Number.POSITIVE_INFINITY);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it first scrolls: its end must be in sight to be followed
  useEffect(() => {
    if (full && live && follow) scroller.current?.scrollIntoView({ block: 'nearest' });
  }, [full]);

  const arrived = line !== undefined && lines.count >= line;
  // biome-ignore lint/correctness/useExhaustiveDependencies: go there once, when the line is first there
  useEffect(() => {
    if (arrived && line !== undefined) goTo(line - 1);
  }, [arrived, line]);

  const onScroll = () => {
    const box = scroller.current;
    if (!box || !live) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < rowHeight * 2;
    if (atEnd !== follow) setFollow(atEnd);
  };

  const find = async (words: string) => {
    const local = lines.search(words);
    setHits(local);
    setHit(0);
    const found = search && words ? await search(words) : local;
    setHits(found);
    if (found.length > 0) goTo(found[0]!);
  };

  const step = (by: number) => {
    if (hits.length === 0) return;
    const next = (hit + by + hits.length) % hits.length;
    setHit(next);
    goTo(hits[next]!);
  };

  const latest = useRef({ line, onLine });
  useEffect(() => {
    latest.current = { line, onLine };
  });
  const onNumber = useCallback((index: number) => {
    const { line: chosen, onLine: choose } = latest.current;
    choose?.(chosen === index + 1 ? undefined : index + 1);
  }, []);
  const onFold = useCallback((index: number) => setFolded((before) => toggled(before, index)), []);

  return (
    <div className={styles.view}>
      <LogBar
        hits={hits.length}
        hit={hit}
        onFind={find}
        onStep={step}
        live={live}
        follow={follow}
        onFollow={setFollow}
        showTime={showTime}
        onShowTime={setShowTime}
        rawUrl={rawUrl}
      />
      <ScrollRegion
        ref={scroller}
        className={styles.scroller}
        style={{ maxHeight: height }}
        onScroll={onScroll}
        label="Log output"
      >
        {count === 0 && <p className={styles.waiting}>{waiting ?? (live ? 'Waiting for output…' : 'No output.')}</p>}
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {items.map((row) => {
            const index = indexOf(row.index);
            return (
              <LogRow
                key={row.key}
                row={row.index}
                start={row.start}
                index={index}
                entry={lines.entry(index)}
                look={lines.styleAt(index)}
                fold={foldAt.get(index)}
                folded={folded.has(index)}
                target={line === index + 1}
                hit={hitSet.has(index) ? (hits[hit] === index ? 'current' : 'other') : undefined}
                showTime={showTime}
                measure={rows.measureElement}
                onNumber={onNumber}
                onFold={onFold}
              />
            );
          })}
        </div>
      </ScrollRegion>
    </div>
  );
}

function toggled(set: ReadonlySet<number>, value: number): ReadonlySet<number> {
  const next = new Set(set);
  if (!next.delete(value)) next.add(value);
  return next;
}
