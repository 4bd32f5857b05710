import type { Answer } from '../../app/api.ts';
import { StatusMark, Tag } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import styles from './diagnostics.module.css';

const withoutFile = (run: Answer<'pipelines', 'getRun'>): string =>
  run.jobs.length === 0 ? 'Nothing was run' : 'No pipeline file: the plan was made from what the repository holds';

/** Where the plan came from, and every problem and note about its file. */
export function Diagnostics({ run }: { run: Answer<'pipelines', 'getRun'> }) {
  return (
    <Section
      flush
      title={
        <>
          {run.file ? <code>{run.file}</code> : withoutFile(run)} {run.dialect && <Tag>{run.dialect}</Tag>}
        </>
      }
    >
      {run.diagnostics.length === 0 ? (
        <Empty title="Nothing to say about it" command={`millrace explain ${run.file ?? ''}`}>
          The file was understood completely. This prints the expanded plan:
        </Empty>
      ) : (
        <ul className={styles.list}>
          {run.diagnostics.map((problem) => (
            <li key={`${problem.file}:${problem.line}:${problem.column}:${problem.message}`}>
              <StatusMark
                status={problem.severity === 'info' ? 'unknown' : problem.severity}
                label={problem.severity}
              />
              <div>
                <p>{problem.message}</p>
                {problem.hint && <p className={styles.hint}>{problem.hint}</p>}
              </div>
              {problem.line !== undefined && (
                <code className={styles.place}>
                  {problem.file ?? run.file}:{problem.line}:{problem.column ?? 1}
                </code>
              )}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
