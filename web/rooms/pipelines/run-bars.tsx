import { Link } from '@tanstack/react-router';
import { Status } from '../../kit/badge.tsx';
import { plural } from '../../kit/figures.ts';
import { spanText } from '../../kit/moments.ts';
import { statusLook } from '../../kit/status.ts';
import { Tooltip } from '../../kit/tooltip.tsx';
import styles from './run-bars.module.css';
import type { Run } from './runs.tsx';

/** The last runs as bars with average speed and reliability. */
export function RunStrip({ runs }: { runs: Run[] }) {
  const ended = runs.filter((run) => run.status === 'success' || run.status === 'failed');
  const passed = ended.filter((run) => run.status === 'success').length;
  const average = ended.reduce((sum, run) => sum + (durationMs(run) ?? 0), 0) / Math.max(1, ended.length);
  return (
    <div className={styles.strip}>
      <dl className={styles.figures}>
        <div>
          <dt>Passed</dt>
          <dd>{ended.length > 0 ? `${Math.round((100 * passed) / ended.length)} %` : '–'}</dd>
        </div>
        <div>
          <dt>Average</dt>
          <dd>{ended.length > 0 ? spanText(average) : '–'}</dd>
        </div>
      </dl>
      <RunBars runs={runs} />
      {runs[0] && (
        <div className={styles.latest}>
          <span>Latest</span>
          <Status status={runs[0].status} />
        </div>
      )}
    </div>
  );
}

/** Runs as bars, oldest first: how long, and how they ended. */
export function RunBars({ runs }: { runs: Run[] }) {
  const bars = runs.toReversed().map((run) => ({ run, ms: durationMs(run) }));
  const longest = Math.max(1, ...bars.filter(({ run }) => run.finishedAt).map((bar) => bar.ms ?? 0));
  return (
    <ol className={styles.bars} aria-label={`The last ${plural(runs.length, 'run')}, oldest first`}>
      {bars.map(({ run, ms }) => (
        <li key={run.id}>
          <Tooltip
            text={
              <>
                Run {run.number}, {statusLook(run.status).word.toLowerCase()}
                {ms === undefined ? '' : `, ${spanText(ms)}`}
              </>
            }
          >
            <Link
              to="/runs/$runId"
              params={{ runId: run.id }}
              className={styles.bar}
              data-tone={statusLook(run.status).tone}
              aria-label={`Run ${run.number}, ${statusLook(run.status).word}`}
            >
              <span style={{ height: `${Math.min(100, Math.max(8, ((ms ?? 0) / longest) * 100))}%` }} />
            </Link>
          </Tooltip>
        </li>
      ))}
    </ol>
  );
}

function durationMs(run: Run): number | undefined {
  if (!run.startedAt) return undefined;
  return (run.finishedAt ? Date.parse(run.finishedAt) : Date.now()) - Date.parse(run.startedAt);
}
