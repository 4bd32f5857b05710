import { useQuery } from '@tanstack/react-query';
import { Shapes } from 'lucide-react';
import { type Answer, api } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Empty } from '../../kit/empty.tsx';
import { countText } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { Sparkline } from '../../kit/sparkline.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import styles from './logs.module.css';
import { withoutVariables } from './pattern-words.ts';
import type { TailFilter } from './tail.ts';

type Pattern = Answer<'telemetry', 'logPatterns'>['patterns'][number];

const spanMs = 3_600_000;

/** The last hour's lines, those of the same words as one: what is said often, and what is new. */
export function LogPatterns({ filter, onText }: { filter: TailFilter; onText: (text: string) => void }) {
  const query = useQuery({
    queryKey: ['telemetry', 'logPatterns', filter],
    queryFn: ({ signal }) => {
      const until = new Date();
      const since = new Date(until.getTime() - spanMs);
      return api.telemetry.logPatterns({
        query: { ...filter, since: since.toISOString(), until: until.toISOString() },
        signal,
      });
    },
    refetchInterval: 30_000,
    placeholderData: (before) => before,
    retry: false,
  });
  const columns: Column<Pattern>[] = [
    {
      id: 'template',
      title: 'Pattern',
      grow: true,
      cell: (one) => (
        <TwoLines
          first={
            <button
              type="button"
              className={styles.pattern}
              data-level={one.level}
              title={`For example: ${one.example}`}
              onClick={() => onText(withoutVariables(one.template))}
            >
              {one.template || '(an empty line)'}
            </button>
          }
          second={`${one.level || 'no level'}, ${one.services > 1 ? `${one.services} services` : one.service || 'no service'}`}
        />
      ),
    },
    {
      id: 'counts',
      title: 'Last hour',
      wideOnly: true,
      cell: (one) => (
        <Sparkline counts={one.counts} what="line" tone={/error|fatal|crit/.test(one.level) ? 'bad' : 'accent'} />
      ),
    },
    { id: 'lines', title: 'Lines', numeric: true, cell: (one) => countText(one.lines) },
    { id: 'first', title: 'First', numeric: true, wideOnly: true, cell: (one) => <Time at={one.firstAt} /> },
    { id: 'last', title: 'Last', numeric: true, cell: (one) => <Time at={one.lastAt} /> },
  ];
  const { data } = query;
  return (
    <Section
      flush
      title={
        data && data.lines > 0
          ? `${countText(data.patterns.length)} patterns in ${data.truncated ? 'the newest ' : ''}${countText(data.lines)} lines`
          : undefined
      }
    >
      <QueryProblem query={query} />
      <Table
        label="Log patterns"
        columns={columns}
        rows={data?.patterns}
        absent={query.isError}
        rowKey={(one) => one.template}
        empty={
          <Empty icon={<Shapes />} title="No log lines in the last hour">
            Lines of the same words count as one pattern, whatever numbers and names they carry.
          </Empty>
        }
      />
    </Section>
  );
}
