import { Link } from '@tanstack/react-router';
import type { JobSummary } from '../../../src/pipelines/api.ts';
import { StatusMark } from '../../kit/badge.tsx';
import { groupBy } from '../../kit/group-by.ts';
import { statusLook } from '../../kit/status.ts';
import { Duration } from '../../kit/time.tsx';
import { leadingJob } from './job-nodes.ts';
import styles from './matrix-cells.module.css';

/** The cells of a matrix by their values: two parameters as a table, others as a list. One of them is shown below. */
export function MatrixCells({ cells, selected }: { cells: JobSummary[]; selected: JobSummary }) {
  const names = Object.keys(selected.matrix!.values).sort();
  const jobs = [...groupBy(cells, (cell) => cell.key).values()].map(leadingJob);
  const label = `Cells of the matrix ${selected.matrix!.name}`;
  const [rows, columns] = names;
  if (names.length === 2) {
    const across = [...new Set(jobs.map((job) => text(job, columns!)))];
    const down = [...groupBy(jobs, (job) => text(job, rows!))];
    if (across.length > 1 && down.length > 1) {
      return (
        <nav className={styles.scroll} aria-label={label}>
          <table className={styles.grid}>
            <thead>
              <tr>
                <td className={styles.corner}>
                  {rows} / {columns}
                </td>
                {across.map((value) => (
                  <th key={value} scope="col">
                    {value}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {down.map(([value, inRow]) => (
                <tr key={value}>
                  <th scope="row">{value}</th>
                  {across.map((column) => {
                    const job = inRow.find((one) => text(one, columns!) === column);
                    return <td key={column}>{job ? <Cell job={job} selected={selected} /> : <i>excluded</i>}</td>;
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </nav>
      );
    }
  }
  return (
    <nav className={styles.list} aria-label={label}>
      {jobs.map((job) => (
        <Cell key={job.key} job={job} selected={selected} names={names} />
      ))}
    </nav>
  );
}

const text = (job: JobSummary, name: string): string => String(job.matrix?.values[name] ?? '');

function Cell({ job, selected, names }: { job: JobSummary; selected: JobSummary; names?: string[] | undefined }) {
  return (
    <Link
      to="/runs/$runId"
      params={{ runId: job.runId }}
      search={{ job: job.id }}
      replace
      resetScroll={false}
      className={styles.cell}
      aria-current={job.key === selected.key ? 'true' : undefined}
      aria-label={`${job.name}, ${statusLook(job.status).word}`}
    >
      <StatusMark status={job.status} label={statusLook(job.status).word} />
      {names?.map((name) => (
        <span key={name}>
          <span className={styles.quiet}>{name}</span> {text(job, name)}
        </span>
      ))}
      <span className={styles.quiet}>
        {job.startedAt ? <Duration from={job.startedAt} to={job.finishedAt} /> : statusLook(job.status).word}
      </span>
    </Link>
  );
}
