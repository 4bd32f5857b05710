import { useEffect, useState } from 'react';
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

/** Follows logs as they come in; oldest first. Starts anew when the filter changes, and keeps what it has on pause. */
export function useTail(filter: TailFilter, on: boolean): Tail {
  const [tail, setTail] = useState<Tail>(nothing);
  const query = new URLSearchParams(
    Object.entries(filter).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  ).toString();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter is another tail
  useEffect(() => setTail(nothing), [query]);
  useEffect(() => {
    if (!on) return;
    const source = new EventSource(`/api/v1/logs/tail?${query}`);
    let waiting: LogLine[] = [];
    let dropped = 0;
    const timer = setInterval(() => {
      if (waiting.length === 0 && dropped === 0) return;
      const [more, lost] = [waiting, dropped];
      waiting = [];
      dropped = 0;
      setTail((before) => ({ lines: [...before.lines, ...more].slice(-kept), dropped: before.dropped + lost }));
    }, flushMs);
    source.addEventListener('line', (event) => waiting.push(JSON.parse(event.data) as LogLine));
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
