import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../app/api.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';

interface TraceError {
  issueId: string | undefined;
  message: string;
  kind: string;
  service: string;
  key: number;
}

const columns: Column<TraceError>[] = [
  {
    id: 'error',
    title: 'Error',
    grow: true,
    cell: (one) => (
      <TwoLines
        first={
          one.issueId ? (
            <Link to="/errors/$issueId" params={{ issueId: one.issueId }}>
              {one.message || one.kind}
            </Link>
          ) : (
            one.message || one.kind
          )
        }
        second={one.kind}
      />
    ),
  },
  { id: 'service', title: 'Service', cell: (one) => one.service },
];

/** Errors that were reported within a trace, each with its issue; nothing where there are none. */
export function TraceErrors({ traceId, project }: { traceId: string; project: string | undefined }) {
  const nrql = `SELECT issueId, message, name, service FROM ErrorEvent WHERE traceId = '${traceId.replaceAll(/[^0-9a-z]/gi, '')}' SINCE 30 days ago LIMIT 50`;
  const errors = useQuery({
    queryKey: ['telemetry', 'query', { nrql, project }],
    queryFn: ({ signal }) => api.telemetry.query({ body: { nrql, projectId: project }, signal }),
    retry: false,
    select: ({ rows }) =>
      rows.map(
        ([issueId, message, kind, service], key): TraceError => ({
          issueId: issueId ? String(issueId) : undefined,
          message: String(message ?? ''),
          kind: String(kind ?? ''),
          service: String(service ?? ''),
          key,
        }),
      ),
  });
  if (!errors.data?.length) return null;
  return (
    <Section flush title="Errors of this trace">
      <Table label="Errors" columns={columns} rows={errors.data} rowKey={(one) => String(one.key)} />
    </Section>
  );
}
