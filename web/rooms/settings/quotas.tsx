import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Pencil } from 'lucide-react';
import { useState } from 'react';
import { api, ask, type Item } from '../../app/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { QueryProblem } from '../../app/problem.tsx';
import { projectsQuery } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { IconButton } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { TextField } from '../../kit/field.tsx';
import { countText, numberText } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';

interface ProjectQuota extends Omit<Item<'telemetry', 'quotas'>, 'projectId'> {
  slug: string;
  name: string;
}

/** How many records a minute each project may send, and does. */
export function Quotas() {
  const mayNotSee = useRefusal('maintainer');
  const refusal = useRefusal('owner');
  const query = useQuery({ ...ask('telemetry', 'quotas'), refetchInterval: 5000, enabled: mayNotSee === undefined });
  const projects = useQuery(projectsQuery);
  const [open, setOpen] = useState<ProjectQuota>();
  if (mayNotSee) return null;
  const standard = query.data?.recordsPerMinute ?? 0;
  const rows =
    query.data &&
    projects.data?.items.map(({ id, slug, name }): ProjectQuota => {
      const none = { recordsPerMinute: standard, set: false, lastMinute: 0, refused: 0 };
      return { ...(query.data.items.find(({ projectId }) => projectId === id) ?? none), slug, name };
    });
  const columns: Column<ProjectQuota>[] = [
    { id: 'project', title: 'Project', main: true, grow: true, cell: ({ name }) => name },
    {
      id: 'quota',
      title: 'Records a minute',
      numeric: true,
      cell: ({ recordsPerMinute, set }) => (
        <>
          {numberText(recordsPerMinute)}
          {set && <span style={{ color: 'var(--text-quiet)' }}> (own)</span>}
        </>
      ),
    },
    { id: 'used', title: 'Last minute', numeric: true, cell: ({ lastMinute }) => countText(lastMinute) },
    {
      id: 'share',
      title: 'Used',
      numeric: true,
      cell: ({ lastMinute, recordsPerMinute }) => shareText(lastMinute / recordsPerMinute),
    },
    { id: 'refused', title: 'Refused', numeric: true, cell: ({ refused }) => countText(refused) },
    {
      id: 'change',
      title: <span className="visually-hidden">Change</span>,
      cell: (quota) => (
        <IconButton
          size="small"
          label={`Change the quota of ${quota.name}`}
          disabledBecause={refusal}
          onClick={() => setOpen(quota)}
        >
          <Pencil aria-hidden />
        </IconButton>
      ),
    },
  ];
  return (
    <Section flush title="What each project may send">
      <QueryProblem query={query} />
      <Table
        label="What each project may send"
        columns={columns}
        rows={rows}
        absent={query.isError || projects.isError}
        rowKey={({ slug }) => slug}
        empty={<Empty title="No projects yet">What projects may send a minute, and do, is shown here.</Empty>}
      />
      {open && <QuotaDialog quota={open} standard={standard} onClose={() => setOpen(undefined)} />}
    </Section>
  );
}

/** `0 %`, `under 1 %`, `42 %`. */
function shareText(share: number): string {
  if (share > 0 && share < 0.01) return 'under 1 %';
  return `${Math.round(share * 100)} %`;
}

function QuotaDialog({ quota, standard, onClose }: { quota: ProjectQuota; standard: number; onClose: () => void }) {
  const queries = useQueryClient();
  const [records, setRecords] = useState(quota.set ? String(quota.recordsPerMinute) : '');
  const save = useMutation({
    mutationFn: () =>
      api.telemetry.setQuota({
        params: { project: quota.slug },
        body: { recordsPerMinute: records.trim() === '' ? null : Number(records) },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['telemetry', 'quotas'] });
      onClose();
    },
  });
  return (
    <FormDialog
      onOpenChange={(open) => !open && onClose()}
      title={`What ${quota.name} may send`}
      action="Save"
      sending={save}
    >
      <TextField
        label="Records a minute"
        type="number"
        min={1}
        placeholder={String(standard)}
        value={records}
        onChange={(event) => setRecords(event.target.value)}
        hint={`Log lines, spans, points and events together. Empty: ${numberText(standard)}, as for each project.`}
      />
      <p>Over it, senders are answered with 429 and a time to come back; other projects notice nothing.</p>
    </FormDialog>
  );
}
