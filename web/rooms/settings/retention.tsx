import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Pencil } from 'lucide-react';
import { useState } from 'react';
import { type Answer, api, ask } from '../../app/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { IconButton } from '../../kit/button.tsx';
import { TextField } from '../../kit/field.tsx';
import { bytesText, countText, plural } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';

type Kept = Answer<'telemetry', 'retention'>['items'][number];

const words: Record<string, { name: string; is: string }> = {
  Span: { name: 'Traces', is: 'Span, Transaction' },
  Log: { name: 'Logs', is: 'Log' },
  Metric: { name: 'Metrics', is: 'Metric, point by point' },
  'Metric rollups': { name: 'Metrics, summed up', is: 'Metric, a row for each five minutes; whole months go at once' },
  other: { name: 'Every other type', is: 'Types that have no days of their own' },
};

const nameOf = ({ type }: Kept): string => words[type]?.name ?? type;

/** How many days each type of record is kept, and what it holds. */
export function Retention() {
  const query = useQuery(ask('telemetry', 'retention'));
  const refusal = useRefusal('owner');
  const [open, setOpen] = useState<Kept>();
  const columns: Column<Kept>[] = [
    {
      id: 'type',
      title: 'Type',
      main: true,
      grow: true,
      cell: (kept) => <TwoLines first={<strong>{nameOf(kept)}</strong>} second={words[kept.type]?.is} />,
    },
    {
      id: 'days',
      title: 'Kept',
      numeric: true,
      cell: (kept) => (
        <>
          {plural(kept.days, 'day')}
          {kept.set && <span style={{ color: 'var(--text-quiet)' }}> (set)</span>}
        </>
      ),
    },
    { id: 'bytes', title: 'On disk', numeric: true, cell: (kept) => bytesText(kept.bytes) },
    { id: 'records', title: 'Records', numeric: true, cell: (kept) => countText(kept.records) },
    { id: 'oldest', title: 'Oldest', numeric: true, cell: (kept) => <Time at={kept.oldestAt} /> },
    {
      id: 'change',
      title: <span className="visually-hidden">Change</span>,
      cell: (kept) => (
        <IconButton
          size="small"
          label={`Change how long ${nameOf(kept)} are kept`}
          disabledBecause={refusal}
          onClick={() => setOpen(kept)}
        >
          <Pencil aria-hidden />
        </IconButton>
      ),
    },
  ];
  return (
    <Section flush title="How long it is kept">
      <QueryProblem query={query} />
      <Table
        label="How long it is kept"
        columns={columns}
        rows={query.data?.items}
        absent={query.isError}
        rowKey={(kept) => kept.type}
      />
      {open && <DaysDialog kept={open} onClose={() => setOpen(undefined)} />}
    </Section>
  );
}

function DaysDialog({ kept, onClose }: { kept: Kept; onClose: () => void }) {
  const queries = useQueryClient();
  const [days, setDays] = useState(String(kept.days));
  const save = useMutation({
    mutationFn: () =>
      api.telemetry.setRetention({
        params: { type: kept.type },
        body: { days: days.trim() === '' ? null : Number(days) },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['telemetry', 'retention'] });
      onClose();
    },
  });
  const shorter = Number(days || kept.default) < kept.days;
  return (
    <FormDialog
      onOpenChange={(open) => !open && onClose()}
      title={`How long ${nameOf(kept)} are kept`}
      action={shorter ? 'Keep fewer days' : 'Save'}
      sending={save}
    >
      <TextField
        label="Days"
        type="number"
        min={1}
        max={3650}
        value={days}
        onChange={(event) => setDays(event.target.value)}
        hint={`Empty: the default, ${plural(kept.default, 'day')}.`}
      />
      <p>
        {shorter
          ? 'What is older is removed within minutes and cannot be brought back.'
          : 'More days fill more of the disk; nothing is removed by this.'}
      </p>
    </FormDialog>
  );
}
