import { useMutation } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Field, Select, TextField } from '../../kit/field.tsx';

/** Adds a way to tell people. */
export function NewChannelButton() {
  const refusal = useRefusal('maintainer');
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon={<Plus aria-hidden />} disabledBecause={refusal} onClick={() => setOpen(true)}>
        Add a channel
      </Button>
      {open && <NewChannelDialog onOpenChange={setOpen} />}
    </>
  );
}

function NewChannelDialog({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const [kind, setKind] = useState<'mail' | 'webhook'>('mail');
  const [fields, setFields] = useState<Record<string, string>>({ port: '587' });
  const field = (name: string) => ({
    value: fields[name] ?? '',
    onChange: (event: { target: { value: string } }) => setFields({ ...fields, [name]: event.target.value }),
  });
  const text = (name: string) => fields[name]?.trim() ?? '';
  const create = useMutation({
    mutationFn: () =>
      api.alerts.createChannel({
        body: {
          name: text('name'),
          isDefault: kind === 'mail',
          settings:
            kind === 'mail'
              ? {
                  kind,
                  host: text('host'),
                  port: Number(text('port')),
                  from: text('from'),
                  username: text('username') || null,
                  password: fields.password || undefined,
                  to: text('to')
                    .split(/[\s,]+/)
                    .filter(Boolean),
                }
              : { kind, url: text('url'), secret: fields.secret || undefined },
        },
      }),
    onSuccess: () => onOpenChange(false),
  });
  return (
    <FormDialog onOpenChange={onOpenChange} title="Add a channel" action="Add the channel" sending={create}>
      <Field label="Kind">
        {(ids) => (
          <Select
            {...ids}
            value={kind}
            onChange={(event) => setKind(event.target.value === 'webhook' ? 'webhook' : 'mail')}
            options={[
              { value: 'mail', label: 'Mail (SMTP)' },
              { value: 'webhook', label: 'Webhook (signed)' },
            ]}
          />
        )}
      </Field>
      <TextField label="Name" required {...field('name')} />
      {kind === 'mail' ? (
        <>
          <TextField label="Server" required placeholder="smtp.example.org" {...field('host')} />
          <TextField label="Port" type="number" required {...field('port')} />
          <TextField label="From" type="email" required {...field('from')} />
          <TextField label="To" placeholder="Addresses, when a condition names none" {...field('to')} />
          <TextField label="User name" autoComplete="off" {...field('username')} />
          <TextField label="Password" type="password" autoComplete="off" {...field('password')} />
        </>
      ) : (
        <>
          <TextField label="Address" type="url" required {...field('url')} />
          <TextField
            label="Secret"
            type="password"
            minLength={16}
            autoComplete="off"
            hint="At least 16 characters; messages are signed with it."
            {...field('secret')}
          />
        </>
      )}
    </FormDialog>
  );
}
