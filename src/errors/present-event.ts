import type { ErrorFrame, EventDetail, EventSummary } from './api.ts';
import { currentAlgorithm, type GroupingRules } from './grouping/algorithm.ts';
import { groupReport } from './grouping/group.ts';
import { markFrames } from './grouping/stack-rules/mark-frames.ts';
import { isoOf, orNull } from './present-issue.ts';
import type { EventRow } from './read-events.ts';
import type { FileRow } from './read-items.ts';
import type { ErrorReport, ReportedFrame } from './report.ts';
import { headlineOf } from './title.ts';

/** An event as lists show it. */
export const presentEvent = (row: EventRow): EventSummary => ({
  id: row.id,
  eventId: row.eventId,
  issueId: row.issueId,
  at: isoOf(row.at),
  receivedAt: isoOf(row.receivedAt),
  title: row.title,
  message: row.message,
  level: row.level as EventSummary['level'],
  release: orNull(row.release),
  environment: orNull(row.environment),
  service: orNull(row.service),
  transaction: orNull(row.transaction),
  user: orNull(row.user),
  traceId: orNull(row.traceId),
});

const pairsOf = (pairs: [string, string][]): { key: string; value: string }[] =>
  pairs.map(([key, value]) => ({ key, value }));

/** A frame as people read it, its source numbered. */
function presentFrame(frame: ReportedFrame): ErrorFrame {
  const line = frame.line ?? 0;
  const source =
    frame.sourceLine === null
      ? []
      : [
          ...frame.before.map((text, index) => ({ line: line - frame.before.length + index, text, current: false })),
          { line, text: frame.sourceLine, current: true },
          ...frame.after.map((text, index) => ({ line: line + 1 + index, text, current: false })),
        ].filter((one) => one.line > 0 || one.current);
  return {
    function: frame.function,
    module: frame.module,
    file: frame.file ?? frame.path,
    absolutePath: frame.path,
    line: frame.line,
    column: frame.column,
    inApp: frame.inApp === true,
    source,
    variables: frame.variables.map(([name, value]) => ({ name, value })),
  };
}

const innermostFirst = (frames: ReportedFrame[] | null): ErrorFrame[] =>
  [...(frames ?? [])].reverse().map(presentFrame);

/** Ids of the replay an event was recorded in, as clients name it. */
export function replayIdsOf(report: ErrorReport): string[] {
  const tag = report.tags.find(([key]) => key === 'replayId' || key === 'replay_id')?.[1];
  const context = report.contexts.find(([name]) => name === 'replay')?.[1].find(([key]) => key === 'replay_id')?.[1];
  return [tag, context].filter((id) => id !== undefined && /^[0-9a-f]{32}$/.test(id)) as string[];
}

/** An event as its page shows it. The grouping is worked out again from the report: the rules are pure. */
export function presentEventDetail(
  row: EventRow,
  kept: ErrorReport,
  around: {
    rules: GroupingRules;
    neighbours: { previous: string | null; next: string | null };
    files: FileRow[];
    /** Source maps that came after it are applied to what is shown. */
    mappedLater: boolean;
  },
): EventDetail {
  const { rules, neighbours, files, mappedLater } = around;
  const report = markFrames(kept, rules.stack);
  const grouping = groupReport(report, rules);
  const notes =
    row.algorithm === currentAlgorithm.id && (mappedLater || grouping.hashes.includes(row.hash))
      ? report.notes
      : [...report.notes, `grouped by earlier rules (${row.algorithm}); shown as today's would`];
  return {
    ...presentEvent(row),
    platform: report.platform,
    culprit: headlineOf(report).culprit,
    logger: report.logger,
    server: report.server,
    exceptions: [...report.exceptions].reverse().map((exception) => ({
      type: exception.mechanism?.synthetic ? null : exception.type,
      value: exception.value,
      module: exception.module,
      mechanism: exception.mechanism?.type ?? null,
      handled: exception.mechanism?.handled ?? null,
      frames: innermostFirst(exception.frames),
    })),
    frames: innermostFirst(report.frames),
    breadcrumbs: report.breadcrumbs.map((crumb) => ({
      at: crumb.at === null ? null : isoOf(crumb.at),
      type: crumb.type,
      category: crumb.category,
      level: crumb.level,
      message: crumb.message,
      data: Object.fromEntries(crumb.data),
    })),
    tags: pairsOf(report.tags),
    request: report.request && { ...report.request, headers: pairsOf(report.request.headers) },
    userDetails: pairsOf(report.user),
    contexts: report.contexts.map(([name, values]) => ({ name, values: pairsOf(values) })),
    extra: pairsOf(report.extra),
    modules: pairsOf(report.modules),
    sdk: report.sdk,
    files: files.map(({ projectId: _, ...file }) => file),
    notes,
    grouping: {
      algorithm: grouping.algorithm,
      summary: grouping.summary,
      variants: grouping.variants,
    },
    previousId: neighbours.previous,
    nextId: neighbours.next,
  };
}
