import { useEffect, useState } from 'react';
import { absoluteTime, instant, relativeTime, spanText, staleAfter } from './moments.ts';

/** The time now, looked at again after `everyMs`; 0 never looks again. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (everyMs <= 0) return;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** An instant, relative, with the exact one on hover and for readers. */
export function Time({ at, className }: { at: string | number | null | undefined; className?: string | undefined }) {
  const value = instant(at);
  const now = useNow(value === undefined ? 0 : staleAfter(value, Date.now()));
  if (value === undefined) return <span className={className}>–</span>;
  return (
    <time className={className} dateTime={new Date(value).toISOString()} title={absoluteTime(value)}>
      {relativeTime(value, Math.max(now, value > now && value - now < 5000 ? value : now))}
    </time>
  );
}

/** How long something took, or has been taking so far: counts up while `to` is absent. */
export function Duration({
  from,
  to,
}: {
  from: string | number | null | undefined;
  to?: string | number | null | undefined;
}) {
  const start = instant(from);
  const end = instant(to);
  const now = useNow(start !== undefined && end === undefined ? 1000 : 0);
  if (start === undefined) return <span>–</span>;
  return <span>{spanText((end ?? Math.max(now, start)) - start)}</span>;
}
