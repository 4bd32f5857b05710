import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { describeFact } from '../../../src/client/facts.ts';
import { ask } from '../../app/api.ts';
import { useProject } from '../../app/project.ts';
import type { ChartMark } from '../../kit/chart.tsx';
import type { TimeWindow } from './ranges.ts';

const types = [
  'deployments.deployment.succeeded',
  'deployments.deployment.failed',
  'deployments.deployment.rolled_back',
  'alerts.incident.opened',
  'errors.issue.opened',
  'errors.issue.regressed',
].join(',');

const tones: Partial<Record<string, ChartMark['tone']>> = { good: 'good', warn: 'warn', bad: 'bad' };
const none: ChartMark[] = [];

/** What explains a bend: deployments, incidents and new errors of a window, as marks for its charts. */
export function useMarks(window: TimeWindow | undefined): ChartMark[] {
  const { project, slug } = useProject();
  // Asked by the minute, so that pages that look again share an answer.
  const minute = (at: number) => new Date(Math.floor(at / 60_000) * 60_000).toISOString();
  const events = useQuery({
    ...ask('insights', 'listEvents', {
      query: {
        types,
        projectId: project?.id,
        since: window && minute(window.since),
        until: window && minute(window.until + 60_000),
        limit: 100,
      },
    }),
    enabled: window !== undefined && (slug === undefined || project !== undefined),
    placeholderData: keepPreviousData,
    select: ({ items }) =>
      items.map((event): ChartMark => {
        const { tone, text } = describeFact(event);
        return { at: Date.parse(event.at), label: text, tone: tones[tone] };
      }),
  });
  return events.data ?? none;
}
