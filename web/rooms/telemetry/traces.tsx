import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Empty } from '../../kit/empty.tsx';
import { plural } from '../../kit/figures.ts';
import { FilterBar } from '../../kit/filter-bar.tsx';
import { spanText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { SearchInput } from '../../kit/search-input.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { LogRow } from './log-row.tsx';
import logStyles from './logs.module.css';
import { SlowTraces } from './slow-traces.tsx';
import { TraceErrors } from './trace-errors.tsx';
import { Waterfall } from './waterfall.tsx';

/** A trace as a waterfall, with the logs written in it. */
export function Traces({ project }: { project: string | undefined }) {
  const { trace } = useSearch({ from: '/shell/explore' });
  const navigate = useNavigate({ from: '/explore' });
  const query = useQuery({
    ...ask('telemetry', 'trace', { params: { traceId: trace ?? '' }, query: { projectId: project } }),
    enabled: Boolean(trace),
  });
  const spans = query.data?.spans ?? [];
  const begin = Math.min(...spans.map((span) => span.startMs));
  const end = Math.max(...spans.map((span) => span.startMs + span.durationMs));
  return (
    <>
      <FilterBar>
        <SearchInput
          label="Trace id"
          placeholder="Trace id, then Enter"
          asked={trace}
          onAsk={(next) => void navigate({ search: (before) => ({ ...before, trace: next }) })}
        />
      </FilterBar>
      {!trace && <SlowTraces project={project} />}
      <QueryProblem query={query} />
      {trace && query.isPending && <SkeletonRows />}
      {query.data && spans.length === 0 && <Empty title="No span of this trace is stored">It may be too old.</Empty>}
      {spans.length > 0 && (
        <Section
          flush
          title={`${plural(spans.length, 'span')} in ${spanText(end - begin)}${query.data?.truncated ? ', cut' : ''}`}
        >
          <Waterfall spans={spans} begin={begin} end={end} />
        </Section>
      )}
      {trace && spans.length > 0 && <TraceErrors traceId={trace} project={project} />}
      {query.data && query.data.logs.length > 0 && (
        <Section flush title="Logs of this trace">
          <ul className={logStyles.lines}>
            {query.data.logs.map((line) => (
              <LogRow key={line.cursor} line={line} onFilter={() => {}} />
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}
