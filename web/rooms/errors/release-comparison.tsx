import { useQuery } from '@tanstack/react-query';
import { type Answer, ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Empty } from '../../kit/empty.tsx';
import { countText, plural } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { releaseFigures } from './release-figures.tsx';
import { issueColumn } from './release-issues.tsx';
import { CommitList } from './release-side.tsx';

type Comparison = Answer<'errors', 'compareReleases'>;
type Issue = Comparison['issues'][number];

/** Two releases side by side: figures, the commits between them, and what broke in the one, the other, or both. */
export function ReleaseComparison({ project, release, other }: { project: string; release: string; other: string }) {
  const query = useQuery(ask('errors', 'compareReleases', { params: { project, release }, query: { with: other } }));
  const found = query.data;
  if (!found) return query.error ? <QueryProblem query={query} /> : <SkeletonRows />;
  const issueColumns: Column<Issue>[] = [
    issueColumn<Issue>(),
    { id: 'here', title: release, numeric: true, cell: (issue) => countText(issue.count) },
    { id: 'there', title: other, numeric: true, cell: (issue) => countText(issue.otherCount) },
  ];
  const groups = [
    { in: 'release', title: `Only in ${release}` },
    { in: 'both', title: 'In both' },
    { in: 'other', title: `Only in ${other}` },
  ] as const;
  return (
    <>
      <Section flush title="Figures">
        <Table
          label="Figures"
          columns={[
            { id: 'figure', title: 'Figure', main: true, grow: true, cell: (figure) => figure.name },
            { id: 'here', title: release, numeric: true, cell: (figure) => figure.value(found.release) },
            { id: 'there', title: other, numeric: true, cell: (figure) => figure.value(found.other) },
          ]}
          rows={releaseFigures}
          rowKey={(figure) => figure.name}
        />
      </Section>
      {groups.map((group) => {
        const issues = found.issues.filter((issue) => issue.in === group.in);
        return (
          issues.length > 0 && (
            <Section key={group.in} flush title={`${group.title}: ${plural(issues.length, 'issue')}`}>
              <Table label={group.title} columns={issueColumns} rows={issues} rowKey={(issue) => issue.id} />
            </Section>
          )
        );
      })}
      {found.issues.length === 0 && <Empty title="Nothing broke in either">No event of the two has arrived.</Empty>}
      {found.commits.length > 0 && (
        <Section title={`${plural(found.commits.length, 'commit')} after ${other}`}>
          <CommitList commits={found.commits} />
        </Section>
      )}
    </>
  );
}
