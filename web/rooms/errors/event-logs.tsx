import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useRef } from 'react';
import { type Answer, ask } from '../../app/api.ts';
import { Section } from '../../kit/page.tsx';
import { ScrollRegion } from '../../kit/scroll-region.tsx';
import { LogRow } from '../telemetry/log-row.tsx';
import styles from '../telemetry/logs.module.css';
import shape from './event-view.module.css';
import { aroundOf, mergeLines } from './lines-around.ts';

/** Log lines around an event: those of its trace, and what its service wrote in the half minute before it. Nothing when there are none. */
export function EventLogs({ event, projectId }: { event: Answer<'errors', 'getEvent'>; projectId: string }) {
  const navigate = useNavigate();
  const around = aroundOf(event, projectId);
  const near = useQuery({ ...ask('telemetry', 'logs', { query: around.near }), retry: false });
  const traced = useQuery({
    ...ask('telemetry', 'logs', { query: around.traced ?? around.near }),
    enabled: around.traced !== undefined,
    retry: false,
  });
  const filter = useCallback(
    (change: { service?: string; environment?: string }) =>
      void navigate({ to: '/explore', search: { tab: 'logs', ...change } }),
    [navigate],
  );
  const lines = mergeLines(around.traced ? (traced.data?.items ?? []) : [], near.data?.items ?? []);
  const region = useRef<HTMLElement>(null);
  // What came right before the error stands at the end.
  useEffect(() => {
    if (lines.length > 0 && region.current) region.current.scrollTop = region.current.scrollHeight;
  }, [lines.length]);
  if (lines.length === 0) return null;
  const own = around.traced && traced.data && traced.data.items.length > 0;
  return (
    <Section flush title={own ? 'Log of its trace, and around it' : 'Log around it'}>
      <ScrollRegion ref={region} className={shape.log} label="Log around the event">
        <ul className={styles.lines} aria-label="Log lines, oldest first">
          {lines.map((line) => (
            <LogRow key={line.cursor} line={line} onFilter={filter} />
          ))}
        </ul>
      </ScrollRegion>
    </Section>
  );
}
