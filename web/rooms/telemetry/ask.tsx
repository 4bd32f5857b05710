import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ChartLine, Play } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { ApiError, api } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { bytesText, countText, sentences } from '../../kit/figures.ts';
import { Keys } from '../../kit/keys.tsx';
import { spanText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { AnswerView } from './answer-view.tsx';
import styles from './explore.module.css';
import { NrqlEditor } from './nrql-editor.tsx';
import { RangeSelect } from './range-select.tsx';
import { windowOf } from './ranges.ts';
import { useMarks } from './use-marks.ts';

const examples = [
  {
    title: 'Requests and errors by service',
    nrql: 'SELECT count(*), percentage(count(*), WHERE error IS true) FROM Transaction FACET service SINCE 1 hour ago',
  },
  {
    title: 'Slowest pages over time',
    nrql: 'SELECT percentile(duration, 95) FROM Transaction FACET name TIMESERIES SINCE 3 hours ago',
  },
  { title: 'Runs by outcome', nrql: 'SELECT count(*) FROM PipelineRun FACET status TIMESERIES 1 hour SINCE 1 day ago' },
  { title: 'What is there', nrql: 'SHOW EVENT TYPES' },
];

/** One box for NRQL and what it answers. */
export function Ask({ project }: { project: string | undefined }) {
  const search = useSearch({ from: '/shell/explore' });
  const navigate = useNavigate({ from: '/explore' });
  const [text, setText] = useState(search.q ?? '');
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => setText(search.q ?? ''), [search.q]);
  const window = windowOf(search, now);
  const answer = useQuery({
    queryKey: ['telemetry', 'query', { nrql: search.q, project, window, now }],
    queryFn: ({ signal }) =>
      api.telemetry.query({
        body: {
          nrql: search.q ?? '',
          projectId: project,
          now,
          window,
          windowWins: true,
        },
        signal,
      }),
    enabled: Boolean(search.q),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const run = (nrql = text) => {
    setNow(Date.now());
    void navigate({ search: (before) => ({ ...before, q: nrql.trim() || undefined }) });
  };
  const refused = answer.error instanceof ApiError && answer.error.problems.length > 0 ? answer.error : undefined;
  const data = search.q ? answer.data : undefined;
  const shown = data && { since: Date.parse(data.window.since), until: Date.parse(data.window.until) };
  const marks = useMarks(data?.shape === 'timeseries' ? shown : undefined);
  const select = useCallback(
    (from: number, to: number) => void navigate({ search: (before) => ({ ...before, from, to }) }),
    [navigate],
  );
  return (
    <>
      <div className={styles.ask}>
        <NrqlEditor
          value={text}
          onChange={setText}
          onRun={() => run()}
          project={project}
          problem={text === search.q ? refused?.problems[0] : undefined}
        />
        <div className={styles.askBar}>
          <Button look="primary" icon={<Play aria-hidden />} busy={answer.isFetching} onClick={() => run()}>
            Run
            <Keys of="mod+Enter" />
          </Button>
          <RangeSelect
            value={search}
            none="Time: as the query says"
            onChange={(range) => void navigate({ search: (before) => ({ ...before, ...range }) })}
          />
          {data && (
            <span className={styles.cost} role="status">
              {countText(data.cost.rowsRead)} rows, {bytesText(data.cost.bytesRead)}, {spanText(data.cost.elapsedMs)}
            </span>
          )}
        </div>
      </div>
      {answer.error && !refused && <Problem error={answer.error} />}
      {data?.warnings.map((warning) => (
        <p key={warning.message} className={styles.warning}>
          {sentences(warning.message, warning.hint)}
        </p>
      ))}
      {data && !answer.error && <AnswerView answer={data} marks={marks} onAsk={run} onSelect={select} />}
      {search.q && answer.isPending && (
        <Section flush>
          <SkeletonRows />
        </Section>
      )}
      {!search.q && (
        <Empty icon={<ChartLine />} title="Ask what happened">
          NRQL asks everything Millrace keeps: transactions, spans, logs, metrics, errors, runs, deployments, checks,
          and the timeline itself.
          <ul className={styles.examples}>
            {examples.map((example) => (
              <li key={example.title}>
                <button type="button" onClick={() => run(example.nrql)}>
                  <span>{example.title}</span>
                  <code>{example.nrql}</code>
                </button>
              </li>
            ))}
          </ul>
        </Empty>
      )}
    </>
  );
}
