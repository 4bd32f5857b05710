import { useMutation } from '@tanstack/react-query';
import { FileText, Play } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { inputClass } from '../../kit/field.tsx';
import { bytesText, countText, plural } from '../../kit/figures.ts';
import { Keys } from '../../kit/keys.tsx';
import { spanText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { saveFile } from '../../kit/save-file.ts';
import { type Column, Table } from '../../kit/table.tsx';
import { rowsToCsv } from './cells.ts';
import styles from './explore.module.css';

interface Row {
  key: number;
  cells: unknown[];
}

const example = `SELECT service, count() AS lines
FROM telemetry_logs
WHERE timestamp > now() - INTERVAL 1 HOUR
GROUP BY service
ORDER BY lines DESC`;

const textOf = (value: unknown): string =>
  value === null || value === undefined ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** ClickHouse's own SQL over what telemetry keeps, read-only, for those whom NRQL is not enough. */
export function Sql() {
  const refusal = useRefusal('maintainer');
  const [text, setText] = useState(example);
  const run = useMutation({ mutationFn: () => api.telemetry.sql({ body: { sql: text } }) });
  const answer = run.data;
  const columns = (answer?.columns ?? []).map(
    (column, index): Column<Row> => ({
      id: `${index} ${column.name}`,
      title: column.name,
      numeric: /^(Nullable\()?(U?Int|Float|Decimal)/.test(column.type),
      cell: (row) => textOf(row.cells[index]),
    }),
  );
  return (
    <>
      <div className={styles.ask}>
        <textarea
          className={`${inputClass} ${styles.sql}`}
          aria-label="SQL"
          rows={Math.min(20, Math.max(6, text.split('\n').length + 1))}
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.metaKey || event.ctrlKey) && !refusal) {
              event.preventDefault();
              run.mutate();
            }
          }}
        />
        <div className={styles.askBar}>
          <Button
            look="primary"
            icon={<Play aria-hidden />}
            busy={run.isPending}
            disabledBecause={refusal}
            onClick={() => run.mutate()}
          >
            Run
            <Keys of="mod+Enter" />
          </Button>
          <span className={styles.cost} role="status">
            {answer
              ? `${countText(answer.cost.rowsRead)} rows, ${bytesText(answer.cost.bytesRead)}, ${spanText(answer.cost.elapsedMs)}`
              : 'Tables: telemetry_spans, telemetry_logs, telemetry_metrics, telemetry_events. Every project’s; nothing can be written.'}
          </span>
        </div>
      </div>
      {run.error && <Problem error={run.error} />}
      {answer && (
        <Section
          flush
          title={`${plural(answer.rows.length, 'row')}${answer.truncated ? ', cut' : ''}`}
          aside={
            <Button
              size="small"
              look="quiet"
              icon={<FileText aria-hidden />}
              onClick={() =>
                saveFile(
                  rowsToCsv(
                    answer.columns.map(({ name }) => name),
                    answer.rows,
                  ),
                  'answer.csv',
                  'text/csv',
                )
              }
            >
              CSV
            </Button>
          }
        >
          <Table
            plain
            label="Answer"
            columns={columns}
            rows={answer.rows.map((cells, key) => ({ cells, key }))}
            rowKey={(row) => String(row.key)}
          />
        </Section>
      )}
    </>
  );
}
