import { useQuery } from '@tanstack/react-query';
import { type Answer, api } from '../../app/api.ts';
import { countText } from '../../kit/figures.ts';
import { spanText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { percentText } from './percent.ts';
import styles from './release.module.css';
import { checksOf, hostOf, stateQueries, workOf } from './state-around.ts';

interface Figure {
  name: string;
  value: string;
  of: string;
}

/** How its service, the checks of its environment and its host stood in the minute of an event. Nothing when telemetry knows nothing of it. */
export function EventState({ event, projectId }: { event: Answer<'errors', 'getEvent'>; projectId: string }) {
  const ask = stateQueries(event);
  const during = workOf(useRows(ask.during, projectId)?.[0]);
  const before = workOf(useRows(ask.before, projectId)?.[0]);
  const checks = checksOf(useRows(ask.checks, projectId) ?? []);
  const host = hostOf(useRows(ask.host, projectId)?.[0]);
  const figures: Figure[] = [];
  if (during) {
    const then = (value: (work: NonNullable<typeof before>) => string): string =>
      before ? `${value(before)} in the hour before` : 'nothing in the hour before';
    figures.push(
      {
        name: `Requests to ${event.service}`,
        value: `${countText(Math.round(during.requestsPerMinute))}/min`,
        of: then((work) => `${countText(Math.round(work.requestsPerMinute))}/min`),
      },
      {
        name: 'Failed',
        value: percentText(during.failedPercent / 100),
        of: then((work) => percentText(work.failedPercent / 100)),
      },
      {
        name: '95 % took at most',
        value: spanText(during.p95 * 1000),
        of: then((work) => spanText(work.p95 * 1000)),
      },
    );
  }
  if (checks.all > 0) {
    const [worst] = checks.bad;
    figures.push({
      name: `Checks of ${event.environment}`,
      value: `${checks.all - checks.bad.length} of ${checks.all} ok`,
      of: worst ? `${worst.name}: ${worst.state}, ${worst.message}` : 'all were content',
    });
  }
  if (host.load !== undefined || host.memory !== undefined) {
    figures.push({
      name: `Host ${event.server}`,
      value: host.load === undefined ? percentText(host.memory) : `load ${host.load.toFixed(2)}`,
      of: host.memory === undefined ? 'memory is not told' : `${percentText(host.memory)} of its memory in use`,
    });
  }
  if (figures.length === 0) return null;
  return (
    <Section title="At that minute">
      <dl className={styles.figures}>
        {figures.map((figure) => (
          <div key={figure.name}>
            <dt>{figure.name}</dt>
            <dd className={styles.value}>{figure.value}</dd>
            <dd className={styles.quiet}>{figure.of}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function useRows(nrql: string | undefined, projectId: string) {
  return useQuery({
    queryKey: ['telemetry', 'query', { nrql, projectId }],
    queryFn: ({ signal }) => api.telemetry.query({ body: { nrql: nrql ?? '', projectId }, signal }),
    enabled: nrql !== undefined,
    retry: false,
    staleTime: 60_000,
  }).data?.rows;
}
