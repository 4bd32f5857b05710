import type { z } from 'zod';
import { shortIdOf } from '../announce.ts';
import type { ErrorRelease } from '../api.ts';
import type { HealthRow } from '../health/store-sessions.ts';
import type { ReleaseCommit } from '../port.ts';
import { isoOf } from '../present-issue.ts';
import {
  course,
  type ReleaseIssueRow,
  type ReleaseRow,
  type ReleaseStory,
  type SessionCourse,
} from './read-releases.ts';
import type { releaseComparison, releaseDetail } from './views.ts';

type Detail = z.output<typeof releaseDetail>;
type Comparison = z.output<typeof releaseComparison>;

export const presentRelease = (row: ReleaseRow, health: HealthRow | undefined): ErrorRelease => ({
  projectId: row.projectId,
  release: row.release,
  environments: row.environments ?? [],
  firstSeenAt: isoOf(row.firstSeen),
  lastSeenAt: isoOf(row.lastSeen),
  releasedAt: row.releasedAt === null ? null : isoOf(row.releasedAt),
  events: row.events,
  issues: row.issues,
  newIssues: row.newIssues,
  regressedIssues: row.regressedIssues,
  health: health === undefined || health.total === 0 ? null : presentHealth(health),
});

const presentHealth = (row: HealthRow): NonNullable<ErrorRelease['health']> => ({
  sessions: row.total,
  errored: row.errored,
  crashed: row.crashed,
  abnormal: row.abnormal,
  users: row.users,
  crashedUsers: row.crashedUsers,
  crashFreeSessions: 1 - row.crashed / row.total,
  crashFreeUsers: row.users === 0 ? null : 1 - row.crashedUsers / row.users,
  adoption: row.recentOfAll === 0 ? 0 : row.recent / row.recentOfAll,
});

const presentCommit = (commit: ReleaseCommit): Detail['commits'][number] => ({
  sha: commit.id,
  message: commit.message,
  author: { name: commit.author, email: commit.email ?? '' },
  at: commit.at === null ? null : isoOf(commit.at),
  files: commit.files,
});

const presentIssue = (row: ReleaseIssueRow, slug: string, release: string): Detail['releaseIssues'][number] => ({
  id: row.id,
  shortId: shortIdOf(slug, row.number),
  title: row.title,
  culprit: row.culprit,
  level: row.level as Detail['releaseIssues'][number]['level'],
  status: row.status as Detail['releaseIssues'][number]['status'],
  kind: row.firstRelease === release ? 'new' : row.regressed ? 'regressed' : 'known',
  count: row.count,
});

/** Who wrote the commits, most commits first. Pure. */
export function authorsOf(commits: ReleaseCommit[]): Detail['authors'] {
  const authors = new Map<string, Detail['authors'][number]>();
  for (const { author, email = '' } of commits) {
    const known = authors.get(email || author) ?? { name: author, email, commits: 0 };
    authors.set(email || author, { ...known, commits: known.commits + 1 });
  }
  return [...authors.values()].sort((a, b) => b.commits - a.commits || a.name.localeCompare(b.name));
}

export function presentReleaseDetail(
  summary: ErrorRelease,
  more: {
    story: ReleaseStory | undefined;
    course: SessionCourse;
    issues: ReleaseIssueRow[];
    slug: string;
    previous: string | null;
  },
): Detail {
  const { story, slug } = more;
  const commits = story?.commits ?? [];
  return {
    ...summary,
    createdAt: story ? isoOf(story.createdAt) : summary.firstSeenAt,
    commits: commits.map(presentCommit),
    authors: authorsOf(commits),
    deployments: (story?.deploys ?? []).map((deploy) => ({
      environment: deploy.environment,
      name: deploy.name,
      startedAt: deploy.startedAt === null ? null : isoOf(deploy.startedAt),
      finishedAt: isoOf(deploy.finishedAt),
      deploymentId: deploy.deploymentId ?? null,
    })),
    course: {
      startAt: isoOf(more.course.start),
      bucketSeconds: course.bucketSeconds,
      sessions: more.course.sessions,
      crashed: more.course.crashed,
      ofAll: more.course.ofAll,
    },
    releaseIssues: more.issues.map((row) => presentIssue(row, slug, summary.release)),
    previous: more.previous,
  };
}

export const presentComparison = (
  release: ErrorRelease,
  other: ErrorRelease,
  commits: ReleaseCommit[],
  issues: ReleaseIssueRow[],
  slug: string,
): Comparison => ({
  release,
  other,
  commits: commits.map(presentCommit),
  issues: issues.map((row) => ({
    ...presentIssue(row, slug, release.release),
    otherCount: row.otherCount,
    in: row.otherCount === 0 ? 'release' : row.count === 0 ? 'other' : 'both',
  })),
});
