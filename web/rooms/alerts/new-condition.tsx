import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { ApiError, api, ask } from '../../app/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { useProject } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Field, Select, TextField } from '../../kit/field.tsx';
import { NrqlEditor } from '../telemetry/nrql-editor.tsx';

const operators = ['above', 'above_or_equal', 'below', 'below_or_equal', 'equal', 'not_equal'] as const;

/** Adds an alert condition. */
export function NewConditionButton() {
  const refusal = useRefusal('developer');
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon={<Plus aria-hidden />} disabledBecause={refusal} onClick={() => setOpen(true)}>
        Add a condition
      </Button>
      {open && <NewConditionDialog onOpenChange={setOpen} />}
    </>
  );
}

function NewConditionDialog({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const { only } = useProject();
  const navigate = useNavigate();
  const maySeeChannels = useRefusal('maintainer') === undefined;
  const channels =
    useQuery({ ...ask('alerts', 'listChannels'), enabled: maySeeChannels, retry: false }).data?.items ?? [];
  const [name, setName] = useState('');
  const [nrql, setNrql] = useState('SELECT percentage(count(*), WHERE error IS true) FROM Transaction FACET service');
  const [operator, setOperator] = useState<(typeof operators)[number]>('above');
  const [threshold, setThreshold] = useState('5');
  const [forSeconds, setForSeconds] = useState('60');
  const [severity, setSeverity] = useState<'warning' | 'critical'>('critical');
  const [channel, setChannel] = useState('');
  const create = useMutation({
    mutationFn: () =>
      api.alerts.createCondition({
        body: {
          name: name.trim(),
          nrql,
          operator,
          threshold: Number(threshold),
          forSeconds: Number(forSeconds),
          severity,
          routes: channel ? [{ channelId: channel }] : [],
          project: only?.slug ?? null,
        },
      }),
    onSuccess: () => {
      onOpenChange(false);
      void navigate({ to: '/alerts', search: { tab: 'conditions' } });
    },
  });
  const problem = create.error instanceof ApiError ? create.error.problems[0] : undefined;
  return (
    <FormDialog
      wide
      onOpenChange={onOpenChange}
      title="Add a condition"
      action="Add the condition"
      sending={create}
      showProblem={problem === undefined}
    >
      <TextField
        label="Name"
        required
        placeholder="Too many failed requests"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <div>
        <strong>Query</strong>
        <NrqlEditor value={nrql} onChange={setNrql} onRun={() => {}} project={only?.slug} problem={problem} />
      </div>
      <Field label="Opens when the value is">
        {(ids) => (
          <Select
            {...ids}
            value={operator}
            onChange={(event) => setOperator(operators.find((one) => one === event.target.value) ?? 'above')}
            options={operators.map((one) => ({ value: one, label: one.replaceAll('_', ' ') }))}
          />
        )}
      </Field>
      <TextField
        label="Threshold"
        type="number"
        step="any"
        required
        value={threshold}
        onChange={(event) => setThreshold(event.target.value)}
      />
      <TextField
        label="For at least (seconds)"
        type="number"
        min={0}
        required
        value={forSeconds}
        onChange={(event) => setForSeconds(event.target.value)}
      />
      <Field label="Severity">
        {(ids) => (
          <Select
            {...ids}
            value={severity}
            onChange={(event) => setSeverity(event.target.value === 'warning' ? 'warning' : 'critical')}
            options={[
              { value: 'critical', label: 'critical' },
              { value: 'warning', label: 'warning' },
            ]}
          />
        )}
      </Field>
      <Field label="Tell">
        {(ids) => (
          <Select
            {...ids}
            value={channel}
            onChange={(event) => setChannel(event.target.value)}
            options={[
              { value: '', label: 'nobody' },
              ...channels.map((one) => ({ value: one.id, label: `${one.name} (${one.settings.kind})` })),
            ]}
          />
        )}
      </Field>
    </FormDialog>
  );
}
