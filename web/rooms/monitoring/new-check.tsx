import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { useProject } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Field, Select, TextField } from '../../kit/field.tsx';

/** Adds a check of an address. */
export function NewCheckButton() {
  const refusal = useRefusal('developer');
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon={<Plus aria-hidden />} disabledBecause={refusal} onClick={() => setOpen(true)}>
        Add a check
      </Button>
      {open && <NewCheckDialog onOpenChange={setOpen} />}
    </>
  );
}

function NewCheckDialog({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const { only } = useProject();
  const navigate = useNavigate();
  const [kind, setKind] = useState<'http' | 'tcp'>('http');
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [host, setHost] = useState('');
  const [port, setPort] = useState('');
  const [every, setEvery] = useState('60');
  const create = useMutation({
    mutationFn: () =>
      api.monitoring.createCheck({
        body: {
          name: name.trim() || (kind === 'http' ? url : `${host}:${port}`),
          target: kind === 'http' ? { kind, url: url.trim() } : { kind, host: host.trim(), port: Number(port) },
          intervalSeconds: Number(every),
          project: only?.slug ?? null,
        },
      }),
    onSuccess: (check) => void navigate({ to: '/monitoring/$checkId', params: { checkId: check.id } }),
  });
  return (
    <FormDialog onOpenChange={onOpenChange} title="Add a check" action="Add the check" sending={create}>
      <Field label="Kind">
        {(ids) => (
          <Select
            {...ids}
            value={kind}
            onChange={(event) => setKind(event.target.value === 'tcp' ? 'tcp' : 'http')}
            options={[
              { value: 'http', label: 'HTTP: an address answers below 400' },
              { value: 'tcp', label: 'TCP: a port accepts' },
            ]}
          />
        )}
      </Field>
      {kind === 'http' ? (
        <TextField
          label="Address"
          type="url"
          required
          placeholder="https://example.org/healthz"
          value={url}
          onChange={(event) => setUrl(event.target.value)}
        />
      ) : (
        <>
          <TextField label="Host" required value={host} onChange={(event) => setHost(event.target.value)} />
          <TextField
            label="Port"
            type="number"
            min={1}
            max={65535}
            required
            value={port}
            onChange={(event) => setPort(event.target.value)}
          />
        </>
      )}
      <TextField
        label="Name"
        placeholder="The address when left empty"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <TextField
        label="Every (seconds)"
        type="number"
        min={5}
        required
        value={every}
        onChange={(event) => setEvery(event.target.value)}
      />
    </FormDialog>
  );
}
