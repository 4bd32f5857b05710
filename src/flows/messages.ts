import { formatDuration } from '../kernel/durations.ts';

/** What a person is told, before it is known how it reaches them. */
export interface PersonalMessage {
  /** What happened, for programs: `run.failed`, `run.fixed`, `deployment.rolled_back`. */
  event: string;
  subject: string;
  text: string;
}

export interface RunOutcome {
  projectName: string;
  number: number;
  place: string;
  sha: string;
  commitMessage: string;
  author: string;
  durationMs: number;
  failedJobs: { name: string; reason: string | null }[];
  url: string;
}

const firstLine = (text: string): string => text.split('\n')[0]!.trim();

/** A run of somebody's commit failed: what broke, and where to look. */
export function runFailed(run: RunOutcome): PersonalMessage {
  const names = run.failedJobs.map((job) => job.name).join(', ');
  return {
    event: 'run.failed',
    subject: `[${run.projectName}] Run ${run.number} failed on ${run.place}${names ? `: ${names}` : ''}`,
    text: lines([
      `Run ${run.number} of ${run.projectName} failed on ${run.place} after ${formatDuration(run.durationMs)}.`,
      '',
      `Commit ${run.sha.slice(0, 7)} by ${run.author}: ${firstLine(run.commitMessage)}`,
      ...run.failedJobs.map((job) => `  ${job.name}: ${job.reason ?? 'failed'}`),
      '',
      `See the failed step: ${run.url}`,
    ]),
  };
}

/** The first green run of a branch after red ones. */
export function runFixed(run: RunOutcome): PersonalMessage {
  return {
    event: 'run.fixed',
    subject: `[${run.projectName}] Run ${run.number} fixed ${run.place}`,
    text: lines([
      `${run.place} of ${run.projectName} works again: run ${run.number} passed in ${formatDuration(run.durationMs)}.`,
      '',
      `Commit ${run.sha.slice(0, 7)} by ${run.author}: ${firstLine(run.commitMessage)}`,
      '',
      run.url,
    ]),
  };
}

export interface RollbackOutcome {
  projectName: string;
  environment: string;
  version: string;
  restoredVersion: string | null;
  reason: string;
  evidence: string[];
  /** From its first request to the last known good serving again. */
  servedMs: number | null;
  /** Of that, from the decision on. */
  durationMs: number;
  commits: { sha: string; author: string; message: string }[];
  url: string;
}

/** A release was taken back: to those whose commits were in it. */
export function rolledBack(rollback: RollbackOutcome): PersonalMessage {
  const { projectName, environment, version, restoredVersion, servedMs, durationMs } = rollback;
  const served = servedMs === null ? '' : ` after it had served for ${formatDuration(servedMs)}`;
  return {
    event: 'deployment.rolled_back',
    subject: `[${projectName}] ${version} was taken back in ${environment}`,
    text: lines([
      `${environment} of ${projectName} ${
        restoredVersion ? `serves ${restoredVersion} again` : 'serves nothing for now'
      }: ${version} was taken back${served}, ${formatDuration(durationMs)} after the decision.`,
      '',
      `Why: ${rollback.reason}`,
      ...rollback.evidence.map((line) => `  ${line}`),
      '',
      'In it:',
      ...rollback.commits.map((commit) => `  ${commit.sha.slice(0, 7)} ${commit.author}: ${firstLine(commit.message)}`),
      '',
      `What led to it: ${rollback.url}`,
    ]),
  };
}

export interface Escalation {
  projectName: string;
  shortId: string;
  title: string;
  culprit: string;
  /** Events in an hour, or users. */
  figure: number;
  wasArchived: boolean;
  commits: { sha: string; author: string; message: string }[];
  url: string;
}

/** An issue brings more than its past let expect: to whom it is assigned, else to those whose commits it is laid at. */
export function issueEscalated(issue: Escalation): PersonalMessage {
  const { projectName, shortId, title, culprit, figure, wasArchived } = issue;
  return {
    event: 'issue.escalated',
    subject: `[${projectName}] ${shortId} escalates: ${title}`,
    text: lines([
      `${shortId} of ${projectName} escalates: ${figure} events within an hour, more than its past week lets expect.`,
      ...(wasArchived ? ['It was archived and is open again.'] : []),
      '',
      title,
      ...(culprit ? [`  in ${culprit}`] : []),
      ...(issue.commits.length > 0 ? ['', 'Probably caused by:'] : []),
      ...issue.commits.map((commit) => `  ${commit.sha.slice(0, 7)} ${commit.author}: ${firstLine(commit.message)}`),
      '',
      issue.url,
    ]),
  };
}

const lines = (parts: string[]): string => `${parts.join('\n')}\n`;
