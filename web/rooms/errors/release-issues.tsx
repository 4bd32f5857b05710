import { Link } from '@tanstack/react-router';
import { Check } from 'lucide-react';
import type { Answer } from '../../app/api.ts';
import { Tag } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { countText } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';

type ReleaseIssue = Answer<'errors', 'getRelease'>['releaseIssues'][number];

/** What an issue is, and whether it is new in the release. */
export function issueColumn<Row extends ReleaseIssue>(): Column<Row> {
  return {
    id: 'issue',
    title: 'Issue',
    grow: true,
    cell: (issue) => (
      <TwoLines
        first={
          <Link to="/errors/$issueId" params={{ issueId: issue.id }}>
            {issue.title}
          </Link>
        }
        second={
          <>
            <span>{issue.shortId}</span>
            {issue.kind === 'new' && <Tag tone="bad">new</Tag>}
            {issue.kind === 'regressed' && <Tag tone="warn">regressed</Tag>}
            {issue.status !== 'unresolved' && <Tag>{issue.status}</Tag>}
            <code>{issue.culprit}</code>
          </>
        }
      />
    ),
  };
}

const columns: Column<ReleaseIssue>[] = [
  issueColumn<ReleaseIssue>(),
  { id: 'count', title: 'Events in it', numeric: true, cell: (issue) => countText(issue.count) },
];

/** What broke in a release: new issues first, then those that came back. */
export function ReleaseIssues({ issues }: { issues: ReleaseIssue[] }) {
  return (
    <Section flush title="Issues">
      <Table
        label="Issues of this release"
        columns={columns}
        rows={issues}
        rowKey={(issue) => issue.id}
        empty={
          <Empty icon={<Check />} title="No errors in this release">
            None of its events has reached Millrace.
          </Empty>
        }
      />
    </Section>
  );
}
