import { useEffect, useRef, useState } from 'react';
import type { LogLine, TailQuery } from '../../../src/telemetry/api.ts';

export type TailFilter = TailQuery;

/** Lines kept on screen; older ones are stored and can be asked for. */
const kept = 2000;
const flushMs = 200;

interface Tail {
  lines: LogLine[];
  dropped: number;
}

const nothing: Tail = { lines: [], dropped: 0 };

/** The order in which a line came in, as its cursor tells; a unit is 1/4096 ms. */
const orderOf = ({ cursor }: LogLine): number => Number(cursor.split('.')[1]);

/** Lines in the order they came in, each once. */
export function inOrder(lines: readonly LogLine[]): LogLine[] {
  const once = new Map(lines.map((line) => [line.cursor, line]));
  return [...once.values()].sort((one, other) => orderOf(one) - orderOf(other));
}

/**
 * Follows logs as they come in; oldest first. `since` is until when what came in was shown already (Unix ms of the server). Starts anew when
 * the filter changes; on pause it keeps what it has, and goes on there.
 */
export function useTail(filter: TailFilter, on: boolean, since: number | undefined): Tail {
  const [tail, setTail] = useState<Tail>(nothing);
  const shownUntil = useRef<number>(undefined);
  // Asked once, when it starts.
  const begin = useRef(since);
  begin.current = since;
  const query = new URLSearchParams(
    Object.entries(filter).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  ).toString();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter is another tail
  useEffect(() => {
    setTail(nothing);
    shownUntil.current = undefined;
  }, [query]);
  useEffect(() => {
    if (!on) return;
    const from = shownUntil.current ?? begin.current;
    const source = new EventSource(`/api/v1/logs/tail?${query}${from === undefined ? '' : `&since=${from}`}`);
    let waiting: LogLine[] = [];
    let dropped = 0;
    const timer = setInterval(() => {
      if (waiting.length === 0 && dropped === 0) return;
      const [more, lost] = [waiting, dropped];
      waiting = [];
      dropped = 0;
      const last = more.at(-1);
      if (last) shownUntil.current = Math.floor(orderOf(last) / 4096);
      setTail((before) => ({ lines: [...before.lines, ...more].slice(-kept), dropped: before.dropped + lost }));
    }, flushMs);
    source.addEventListener('line', (event) => waiting.push(JSON.parse(event.data) as LogLine));
    source.addEventListener('earlier', (event) => {
      const earlier = JSON.parse(event.data) as LogLine[];
      if (earlier.length === 0) return;
      setTail((before) => ({ ...before, lines: inOrder([...earlier, ...before.lines]).slice(-kept) }));
    });
    source.addEventListener('dropped', (event) => {
      dropped += (JSON.parse(event.data) as { count: number }).count;
    });
    return () => {
      clearInterval(timer);
      source.close();
    };
  }, [query, on]);
  return tail;
}
