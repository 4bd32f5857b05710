import { Link } from '@tanstack/react-router';
import { Hourglass } from 'lucide-react';
import type { Answer } from '../../app/api.ts';
import { StatusMark } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { plural } from '../../kit/figures.ts';
import { spanText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { statusLook } from '../../kit/status.ts';
import { useNow } from '../../kit/time.tsx';
import { copyText } from './copies.ts';
import { type Bar, markStep, type Timing, timingOf } from './run-timing.ts';
import styles from './timing.module.css';

type Run = Answer<'pipelines', 'getRun'>;
type Job = Run['jobs'][number];

/** Where the time of a run went: every job in time, and the chain that decided when it ended. */
export function RunTiming({ run }: { run: Run }) {
  const now = useNow(run.finishedAt ? 0 : 1000);
  const timing = timingOf(run.jobs, now);
  if (!timing) {
    return (
      <Section flush>
        <Empty icon={<Hourglass />} title="Nothing has taken time yet">
          Jobs appear here as soon as they wait for a place or run.
        </Empty>
      </Section>
    );
  }
  const left = run.jobs.length - timing.bars.length;
  return (
    <>
      <CriticalPath timing={timing} ended={run.finishedAt !== null} />
      <Section flush title="Jobs in time" aside={left > 0 && `${plural(left, 'job')} took no time in this run`}>
        <Waterfall timing={timing} />
      </Section>
    </>
  );
}

function CriticalPath({ timing, ended }: { timing: Timing<Job>; ended: boolean }) {
  const { critical, waitedMs, ranMs } = timing;
  return (
    <Section title="Critical path">
      <div className={styles.path}>
        <ol>
          {critical.map((bar) => (
            <li key={bar.job.id}>
              <JobLink job={bar.job} />
              <span className={styles.quiet}>{spanText(bar.end - bar.ready)}</span>
            </li>
          ))}
        </ol>
        <p className={styles.quiet}>
          {ended ? 'The run took' : 'The run takes so far'} {spanText(timing.to - timing.from)}; on this path jobs ran{' '}
          {spanText(ranMs)} and waited {spanText(waitedMs)}. Only a shorter path makes the run shorter.
        </p>
      </div>
    </Section>
  );
}

function Waterfall({ timing }: { timing: Timing<Job> }) {
  const span = Math.max(1, timing.to - timing.from);
  const step = markStep(span, 5);
  // The last mark needs room for its text.
  const marks = Array.from({ length: Math.floor((span * 0.9) / step) + 1 }, (_, index) => index * step);
  const critical = new Set(timing.critical.map((bar) => bar.job.id));
  const place = (at: number): string => `${((at - timing.from) / span) * 100}%`;
  return (
    <div className={styles.chart}>
      <div className={styles.axis} aria-hidden>
        <span />
        <span className={styles.marks}>
          {marks.map((mark) => (
            <span key={mark} style={{ left: `${(mark / span) * 100}%` }}>
              {mark === 0 ? '0' : spanText(mark)}
            </span>
          ))}
        </span>
        <span />
      </div>
      <ol aria-label="Jobs in time">
        {timing.bars.map((bar) => (
          <li key={bar.job.id} data-critical={critical.has(bar.job.id) || undefined} title={words(bar)}>
            <span className={styles.name}>
              <StatusMark status={bar.job.status} label={statusLook(bar.job.status).word} />
              <JobLink job={bar.job} />
            </span>
            <span className={styles.lane}>
              {critical.has(bar.job.id) && (
                <i
                  className={styles.critical}
                  style={{ left: place(bar.ready), right: `calc(100% - ${place(bar.end)})` }}
                />
              )}
              {bar.start > bar.ready && (
                <i
                  className={styles.wait}
                  style={{ left: place(bar.ready), right: `calc(100% - ${place(bar.start)})` }}
                />
              )}
              {bar.end > bar.start && (
                <i
                  className={styles.ran}
                  data-tone={statusLook(bar.job.status).tone}
                  style={{ left: place(bar.start), right: `calc(100% - ${place(bar.end)})` }}
                />
              )}
            </span>
            <span className={styles.took}>
              {spanText(bar.end - bar.ready)}
              <span className="visually-hidden">
                . {words(bar)}
                {critical.has(bar.job.id) && '. On the critical path'}
              </span>
            </span>
          </li>
        ))}
      </ol>
      <p className={styles.legend}>
        <span>
          <i className={styles.wait} /> waited
        </span>
        <span>
          <i className={styles.ran} data-tone="good" /> ran
        </span>
        <span>
          <i className={styles.critical} /> on the critical path
        </span>
      </p>
    </div>
  );
}

function JobLink({ job }: { job: Job }) {
  return (
    <Link to="/runs/$runId" params={{ runId: job.runId }} search={{ job: job.id }}>
      {job.name} {copyText(job)}
    </Link>
  );
}

function words(bar: Bar<Job>): string {
  const parts = [
    bar.start - bar.ready >= 1
      ? `waited ${spanText(bar.start - bar.ready)} for ${bar.job.waited?.what ?? 'a place'}`
      : '',
    bar.end > bar.start ? `ran ${spanText(bar.end - bar.start)}` : '',
  ].filter((part) => part !== '');
  return `${bar.job.name} ${parts.join(', ')}`;
}
