import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import {
  type Fact,
  type Live,
  type LiveMessage,
  type LiveState,
  nextLive,
  notLive,
  staleAfterFacts,
} from './live-facts.ts';

let live: Live = notLive;
const watchers = new Set<() => void>();

function send(message: LiveMessage): void {
  const before = live;
  live = nextLive(live, message);
  if (live.state !== before.state) for (const watcher of watchers) watcher();
}

/** Facts that come together are acted on together. */
const gatherMs = 200;

/**
 * Opens the one event stream of this page and keeps cached answers fresh by it. After a break everything on
 * screen is asked again, since facts may have passed meanwhile.
 * @returns a function that closes it
 */
export function connectLive(queries: QueryClient): () => void {
  const source = new EventSource('/api/v1/events/stream');
  let timer: ReturnType<typeof setTimeout> | undefined;
  let opened = false;
  const flush = () => {
    timer = undefined;
    const stale = staleAfterFacts(live.waiting);
    send({ kind: 'flushed' });
    for (const queryKey of stale) void queries.invalidateQueries({ queryKey });
  };
  source.onopen = () => {
    if (opened) void queries.invalidateQueries();
    opened = true;
    send({ kind: 'open' });
  };
  source.onerror = () => send({ kind: 'error' });
  source.addEventListener('fact', (event) => {
    send({ kind: 'fact', fact: JSON.parse(event.data) as Fact });
    timer ??= setTimeout(flush, gatherMs);
  });
  return () => {
    clearTimeout(timer);
    source.close();
    live = notLive;
  };
}

/** Whether what is on screen follows what happens. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    () => live.state,
  );
}
