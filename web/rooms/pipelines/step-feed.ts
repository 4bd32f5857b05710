import { useEffect, useMemo, useState } from 'react';
import type { LogLine } from '../../../src/pipelines/api.ts';
import { api } from '../../app/api.ts';
import { LogLines } from '../../kit/log-lines.ts';

/** Lines fetched at once while scrolling. */
const windowSize = 1000;

interface StepAddress {
  jobId: string;
  step: number;
  /** Lines there are so far, as the job tells. */
  lineCount: number;
  live: boolean;
}

interface StepFeed {
  lines: LogLines;
  revision: number;
  problem: Error | undefined;
  need: (from: number, to: number) => void;
  search: (words: string) => Promise<number[]>;
}

const entryOf = (line: LogLine) => ({
  text: line.cut ? `${line.text} … (cut here; the download has it whole)` : line.text,
  at: Date.parse(line.at),
});

/**
 * The log of a step: windows are fetched as they come into sight; while the step runs its end streams in. The stream
 * begins where the fetched tail ended, so nothing is missing or shown twice.
 */
export function useStepFeed({ jobId, step, lineCount, live }: StepAddress): StepFeed {
  const [revision, setRevision] = useState(0);
  const [problem, setProblem] = useState<Error>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another step is another log
  const lines = useMemo(() => new LogLines(), [jobId, step]);
  const params = useMemo(() => ({ id: jobId, step }), [jobId, step]);

  const changed = useMemo(() => {
    let asked = false;
    return () => {
      if (asked) return;
      asked = true;
      // A chatty step sends faster than a screen can show: one drawing for each frame.
      requestAnimationFrame(() => {
        asked = false;
        setRevision((value) => value + 1);
      });
    };
  }, []);

  useEffect(() => {
    if (lineCount <= lines.count) return;
    lines.grow(lineCount);
    changed();
  }, [lines, lineCount, changed]);

  useEffect(() => {
    if (!live) return;
    const abort = new AbortController();
    let source: EventSource | undefined;
    const put = (window: readonly LogLine[]) => {
      if (window[0]) lines.put(window[0].line, window.map(entryOf));
      changed();
    };
    const follow = async () => {
      const tail = await api.pipelines.readLog({ params, query: { fromLine: -windowSize }, signal: abort.signal });
      put(tail.lines);
      lines.grow(tail.totalLines);
      if (tail.complete) return;
      source = new EventSource(`/api/v1/jobs/${jobId}/steps/${step}/log/stream?offset=${tail.nextOffset}`);
      source.addEventListener('lines', (event) => put((JSON.parse(event.data) as { lines: LogLine[] }).lines));
      source.addEventListener('head', (event) => {
        const head = JSON.parse(event.data) as { lines: number; complete: boolean };
        lines.grow(head.lines);
        changed();
        if (head.complete) source?.close();
      });
    };
    follow().catch((error: unknown) => {
      if (!abort.signal.aborted) setProblem(error instanceof Error ? error : new Error(String(error)));
    });
    return () => {
      abort.abort();
      source?.close();
    };
  }, [live, lines, jobId, step, params, changed]);

  return useMemo(() => {
    const pending = new Set<number>();
    return {
      lines,
      revision,
      problem,
      need(from, to) {
        const window = lines.missing(from, to, windowSize);
        if (!window || pending.has(window.from)) return;
        pending.add(window.from);
        api.pipelines
          .readLog({ params, query: { fromLine: window.from, limit: window.to - window.from } })
          .then((answer) => {
            lines.put(window.from, answer.lines.map(entryOf));
            lines.grow(answer.totalLines);
            setProblem(undefined);
            changed();
          })
          .catch((error: unknown) => setProblem(error instanceof Error ? error : new Error(String(error))))
          .finally(() => pending.delete(window.from));
      },
      async search(words) {
        const answer = await api.pipelines.searchLog({ params, query: { text: words, limit: 1000 } });
        for (const line of answer.lines) lines.put(line.line, [entryOf(line)]);
        changed();
        return answer.lines.map((line) => line.line);
      },
    };
  }, [lines, revision, problem, params, changed]);
}
