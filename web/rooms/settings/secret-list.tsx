import { useMutation } from '@tanstack/react-query';
import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { FormDialog } from '../../app/form-dialog.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Field, inputClass, TextField } from '../../kit/field.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';

interface Secret {
  name: string;
  fingerprint: string;
  version: number;
  updatedAt: string;
  updatedBy: string;
  lastReadAt: string | null;
}

interface SecretListProps {
  label: string;
  items: Secret[] | undefined;
  onRemove: (name: string) => Promise<unknown>;
}

/** Names of secrets: their values go in and never come out. */
export function SecretList({ label, items, onRemove }: SecretListProps) {
  const refusal = useRefusal('maintainer');
  const columns: Column<Secret>[] = [
    { id: 'name', title: 'Secret', grow: true, cell: (secret) => <code>{secret.name}</code> },
    {
      id: 'fingerprint',
      title: 'Fingerprint',
      wideOnly: true,
      cell: (secret) => <code title="Equal values have equal fingerprints">{secret.fingerprint}</code>,
    },
    {
      id: 'set',
      title: 'Set',
      cell: (secret) => (
        <>
          {secret.updatedBy}, <Time at={secret.updatedAt} />
        </>
      ),
    },
    {
      id: 'read',
      title: 'Last read',
      numeric: true,
      cell: (secret) => (secret.lastReadAt ? <Time at={secret.lastReadAt} /> : 'never'),
    },
    {
      id: 'do',
      title: <span className="visually-hidden">Actions</span>,
      cell: (secret) => (
        <Confirm
          trigger={
            <IconButton size="small" label={`Delete ${secret.name}`} disabledBecause={refusal}>
              <Trash2 aria-hidden />
            </IconButton>
          }
          title={`Delete secret ${secret.name}?`}
          action="Delete secret"
          danger
          onConfirm={() => onRemove(secret.name)}
        >
          Runs and deployments that need it will miss it. Its value cannot be brought back.
        </Confirm>
      ),
    },
  ];
  return (
    <Table
      label={label}
      columns={columns}
      rows={items}
      rowKey={(secret) => secret.name}
      empty={<Empty title="No secrets">Encrypted at rest, masked in every log, never shown again.</Empty>}
    />
  );
}

/** Sets a secret, new or anew. */
export function SetSecretButton({
  where,
  onSet,
}: {
  where: string;
  onSet: (name: string, value: string) => Promise<unknown>;
}) {
  const refusal = useRefusal('maintainer');
  const [open, setOpen] = useState(false);
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const set = useMutation({
    mutationFn: () => onSet(name.trim(), value),
    onSuccess: () => {
      setOpen(false);
      setName('');
      setValue('');
    },
  });
  return (
    <>
      <Button size="small" icon={<Plus aria-hidden />} disabledBecause={refusal} onClick={() => setOpen(true)}>
        Set a secret
      </Button>
      <FormDialog
        open={open}
        onOpenChange={setOpen}
        title={`Set a secret of ${where}`}
        action="Set the secret"
        sending={set}
      >
        <TextField
          label="Name"
          required
          pattern="[A-Za-z_][A-Za-z0-9_]{0,99}"
          placeholder="API_KEY"
          hint="The name of the environment variable that jobs and services see."
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Field label="Value" hint="It is not shown again.">
          {(ids) => (
            <textarea
              {...ids}
              className={inputClass}
              required
              rows={4}
              spellCheck={false}
              autoComplete="off"
              value={value}
              onChange={(event) => setValue(event.target.value)}
            />
          )}
        </Field>
      </FormDialog>
    </>
  );
}
