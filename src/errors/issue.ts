import { compareReleases } from './release-order.ts';

/** How soon somebody should look. */
export type IssuePriority = 'high' | 'medium' | 'low';

/** What a level says of it, until somebody or an escalation says otherwise. */
export const priorityOf = (level: string): IssuePriority =>
  level === 'fatal' || level === 'error' ? 'high' : level === 'warning' ? 'medium' : 'low';

/** Where an issue stands. `substatus` only while it is unresolved. */
export type IssueStatus = 'unresolved' | 'resolved' | 'archived';
export type IssueSubstatus = 'new' | 'ongoing' | 'regressed' | 'escalating';

/** What counts as fixed. `order` is the release's place among the project's deployed releases when known. */
export interface Resolution {
  in: 'now' | 'release' | 'next-release';
  release: string | null;
  order: number | null;
  /** Unix ms. */
  at: number;
  by: string;
}

export interface Archive {
  until: 'forever' | 'time' | 'count' | 'users' | 'escalating';
  /** Unix ms, for `time`. */
  at: number | null;
  /** Value of the issue's counter at which it returns, for `count`. */
  count: number | null;
  /** Number of users touched at which it returns, for `users`; absent in older rows. */
  users?: number | null | undefined;
}

export interface IssueState {
  status: IssueStatus;
  substatus: IssueSubstatus | null;
  resolution: Resolution | null;
  archive: Archive | null;
  /** Unix ms of the last change into a passing substatus. */
  since: number;
}

/** What the state machine must know of an event. */
export interface Sighting {
  /** Unix ms. */
  at: number;
  receivedAt: number;
  release: string | null;
  /** Place of that release among the deployed ones; null when Millrace did not deploy it. */
  order: number | null;
  /** The issue's counter, this event included. */
  count: number;
}

export type Change = 'regressed' | 'unarchived' | null;

/** How long an issue counts as new or regressed (ms). */
const fresh = 7 * 86_400_000;

export const newIssue = (at: number): IssueState => ({
  status: 'unresolved',
  substatus: 'new',
  resolution: null,
  archive: null,
  since: at,
});

/** What an event makes of an issue, and whether that is news. */
export function see(state: IssueState, sighting: Sighting): { state: IssueState; change: Change } {
  if (state.status === 'resolved') {
    if (!breaks(state.resolution, sighting)) return { state, change: null };
    return { state: opened('regressed', sighting.receivedAt), change: 'regressed' };
  }
  if (state.status === 'archived') {
    const { archive } = state;
    const passed =
      (archive?.until === 'time' && archive.at !== null && sighting.receivedAt >= archive.at) ||
      (archive?.until === 'count' && archive.count !== null && sighting.count >= archive.count);
    if (!passed) return { state, change: null };
    return { state: opened('escalating', sighting.receivedAt), change: 'unarchived' };
  }
  if (state.substatus !== 'ongoing' && sighting.receivedAt - state.since > fresh) {
    return { state: { ...state, substatus: 'ongoing' }, change: null };
  }
  return { state, change: null };
}

/**
 * Whether an event contradicts a resolution. Events that happened before it never do, however late they arrive. With releases known
 * to Millrace their order decides, then their versions; a release it did not deploy and that is no version counts as newer exactly when it
 * is another one.
 */
function breaks(resolution: Resolution | null, sighting: Sighting): boolean {
  if (resolution === null) return true;
  if (sighting.at <= resolution.at) return false;
  if (resolution.in === 'now' || resolution.release === null) return true;
  if (sighting.release === null) return false;
  if (resolution.order !== null && sighting.order !== null) {
    return resolution.in === 'release' ? sighting.order >= resolution.order : sighting.order > resolution.order;
  }
  const versions = compareReleases(sighting.release, resolution.release);
  if (versions !== null) return resolution.in === 'release' ? versions >= 0 : versions > 0;
  return resolution.in === 'release'
    ? sighting.release === resolution.release || sighting.order === null
    : sighting.release !== resolution.release;
}

const opened = (substatus: IssueSubstatus, at: number): IssueState => ({
  status: 'unresolved',
  substatus,
  resolution: null,
  archive: null,
  since: at,
});

/** The substatus to show now: new and regressed wear off after a week without a word. */
export function substatusAt(
  state: Pick<IssueState, 'status' | 'substatus' | 'since'>,
  now: number,
): IssueSubstatus | null {
  if (state.status !== 'unresolved') return null;
  return state.substatus !== 'ongoing' && now - state.since > fresh ? 'ongoing' : state.substatus;
}

export const resolved = (resolution: Resolution): IssueState => ({
  status: 'resolved',
  substatus: null,
  resolution,
  archive: null,
  since: resolution.at,
});

export const archived = (archive: Archive, at: number): IssueState => ({
  status: 'archived',
  substatus: null,
  resolution: null,
  archive,
  since: at,
});

export const escalated = (at: number): IssueState => opened('escalating', at);

export const reopened = (at: number): IssueState => opened('ongoing', at);
