import { useNavigate, useSearch } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import type { Answer } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { StatusMark } from '../../kit/badge.tsx';
import { CodeBlock } from '../../kit/copy.tsx';
import { plural } from '../../kit/figures.ts';
import { LogView } from '../../kit/log-view.tsx';
import { isMoving, statusLook } from '../../kit/status.ts';
import { Duration } from '../../kit/time.tsx';
import { useStepFeed } from './step-feed.ts';
import styles from './step-list.module.css';

type Job = Answer<'pipelines', 'getJob'>;
type Step = Job['steps'][number];

/** The step to open when the address names none: the one that failed, else the one that runs. */
function stepToOpen(job: Job): number | undefined {
  const wanted =
    job.steps.find((step) => step.status === 'failed') ??
    job.steps.find((step) => step.status === 'running' && !step.background) ??
    (job.steps.length === 1 ? job.steps[0] : undefined);
  return wanted?.number;
}

/** A job's steps; one is open with its log. */
export function StepList({ job }: { job: Job }) {
  const search = useSearch({ from: '/shell/runs/$runId' });
  const navigate = useNavigate({ from: '/runs/$runId' });
  const named = search.job === job.id ? search.step : undefined;
  // A step that was watched while it ran stays open when it ends.
  const [watched, setWatched] = useState<number>();
  const wanted = stepToOpen(job);
  if (wanted !== undefined && wanted !== watched) setWatched(wanted);
  const open = named ?? wanted ?? watched;
  const choose = (step: number | undefined, line?: number) =>
    void navigate({
      search: (before) => ({ ...before, job: job.id, step: step ?? job.steps.length, line }),
      replace: true,
      resetScroll: false,
    });
  return (
    <ol className={styles.steps} aria-label={`Steps of ${job.name}`}>
      {job.steps.map((step) => (
        <li key={step.number} id={`step-${step.number}`}>
          <button
            type="button"
            className={styles.head}
            aria-expanded={open === step.number}
            onClick={() => choose(open === step.number ? undefined : step.number)}
          >
            <ChevronRight aria-hidden className={styles.arrow} />
            <StatusMark status={step.status} label={statusLook(step.status).word} />
            <span className={styles.name}>{step.name}</span>
            {step.background && <span className={styles.quiet}>in the background</span>}
            {step.cache && <span className={styles.quiet}>{cacheWords[step.cache.outcome]}</span>}
            {step.exitCode !== null && step.exitCode !== 0 && (
              <span className={styles.exit}>exit code {step.exitCode}</span>
            )}
            {step.lines > 0 && <span className={styles.lines}>{plural(step.lines, 'line')}</span>}
            <span className={styles.took}>
              {step.startedAt ? <Duration from={step.startedAt} to={step.finishedAt} /> : statusLook(step.status).word}
            </span>
          </button>
          {open === step.number && (
            <OpenStep job={job} step={step} line={search.line} onLine={(line) => choose(step.number, line)} />
          )}
        </li>
      ))}
    </ol>
  );
}

const cacheWords = { hit: 'cache hit', older: 'an older cache', miss: 'cache miss' };

/** Why a cache was not there as it was asked for. */
function CacheReason({ cache }: { cache: NonNullable<Step['cache']> }) {
  const { outcome, key, found, changes, comparedWith } = cache;
  if (outcome === 'hit') return null;
  return (
    <div className={styles.cache}>
      <p>
        {outcome === 'miss' ? 'No cache was found for' : 'An older cache was restored in place of'} <code>{key}</code>
        {found && (
          <>
            : <code>{found}</code>
          </>
        )}
        . {comparedWith === null && 'None was saved under such a key before.'}
        {comparedWith !== null && changes.length === 0 && (
          <>
            Nothing that the key is made of changed since <code>{comparedWith}</code> was saved: it was deleted, or the
            job that was to save it did not come so far.
          </>
        )}
      </p>
      {changes.length > 0 && (
        <dl aria-label="What changed in the key">
          {changes.map(({ input, was, is }) => (
            <div key={input}>
              <dt>{input === 'template' ? 'The key is written differently' : input}</dt>
              <dd>
                <code>{was || 'empty'}</code> → <code>{is || 'empty'}</code>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

interface OpenStepProps {
  job: Job;
  step: Step;
  line: number | undefined;
  onLine: (line: number | undefined) => void;
}

function OpenStep({ job, step, line, onLine }: OpenStepProps) {
  const live = isMoving(step.status) && step.status !== 'pending';
  const feed = useStepFeed({ jobId: job.id, step: step.number, lineCount: step.lines, live });
  return (
    <div className={styles.body}>
      {step.command && step.command.trim() !== step.name && (
        <details className={styles.command}>
          <summary>Command</summary>
          <CodeBlock code={step.command} label="Command of this step" />
        </details>
      )}
      {step.cache && <CacheReason cache={step.cache} />}
      {feed.problem && <Problem error={feed.problem} />}
      <LogView
        key={`${job.id}/${step.number}`}
        lines={feed.lines}
        revision={feed.revision}
        live={live}
        line={line}
        onLine={onLine}
        onNeed={feed.need}
        search={feed.search}
        rawUrl={`/api/v1/jobs/${job.id}/steps/${step.number}/log/raw`}
        waiting={step.status === 'pending' ? 'Not started yet.' : undefined}
      />
    </div>
  );
}
