import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, ask, type Item } from '../../app/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { QueryProblem } from '../../app/problem.tsx';
import { type Role, useMe } from '../../app/session.ts';
import { Tag } from '../../kit/badge.tsx';
import { Button, IconButton } from '../../kit/button.tsx';
import { OneTimeSecret } from '../../kit/copy.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Field, Select, TextField } from '../../kit/field.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { roleOf, roleWords } from './people.tsx';

type Token = Item<'identity', 'tokens'>;

/** API tokens. */
export function Tokens() {
  const me = useMe();
  const queries = useQueryClient();
  const tokens = useQuery(ask('identity', 'tokens'));
  const columns: Column<Token>[] = [
    {
      id: 'name',
      title: 'Token',
      grow: true,
      cell: (token) => (
        <TwoLines
          first={<strong>{token.name}</strong>}
          second={
            <>
              <code>{token.prefix}</code>
              {token.personId !== me?.id && <span>{token.personName}</span>}
            </>
          }
        />
      ),
    },
    {
      id: 'may',
      title: 'May',
      cell: (token) => (
        <>
          {token.role}{' '}
          {token.scopes?.map((scope) => (
            <Tag key={scope}>{scope}</Tag>
          ))}
        </>
      ),
    },
    { id: 'used', title: 'Last used', numeric: true, cell: (token) => <Time at={token.lastUsedAt} /> },
    {
      id: 'ends',
      title: 'Ends',
      numeric: true,
      cell: (token) => (token.expiresAt ? <Time at={token.expiresAt} /> : 'never'),
    },
    {
      id: 'do',
      title: <span className="visually-hidden">Actions</span>,
      cell: (token) => (
        <Confirm
          trigger={
            <IconButton size="small" label={`Revoke ${token.name}`}>
              <Trash2 aria-hidden />
            </IconButton>
          }
          title={`Revoke token ${token.name}?`}
          action="Revoke token"
          danger
          onConfirm={async () => {
            await api.identity.revokeToken({ params: { id: token.id } });
            await queries.invalidateQueries({ queryKey: ['identity', 'tokens'] });
          }}
        >
          Whatever uses it is refused from now on.
        </Confirm>
      ),
    },
  ];
  return (
    <Section flush title="API tokens" aside={<NewTokenButton />}>
      <QueryProblem query={tokens} />
      <Table
        label="API tokens"
        columns={columns}
        rows={tokens.data?.items}
        absent={tokens.isError}
        rowKey={(token) => token.id}
        empty={
          <Empty icon={<KeyRound />} title="No tokens yet" command="millrace login">
            The command line, scripts and agents sign in with a token: it can do at most what you can.
          </Empty>
        }
      />
    </Section>
  );
}

/** Makes an API token and shows it once. */
export function NewTokenButton() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" icon={<Plus aria-hidden />} onClick={() => setOpen(true)}>
        Make a token
      </Button>
      {open && <NewTokenDialog onOpenChange={setOpen} />}
    </>
  );
}

const days = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
  { value: '', label: 'never' },
];

function NewTokenDialog({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const me = useMe();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>(me?.role ?? 'viewer');
  const [scopes, setScopes] = useState('');
  const [ends, setEnds] = useState('90');
  const create = useMutation({
    mutationFn: () =>
      api.identity.createToken({
        body: {
          name: name.trim(),
          role,
          scopes: scopes.trim() ? scopes.trim().split(/[\s,]+/) : null,
          expiresInDays: ends ? Number(ends) : null,
        },
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['identity', 'tokens'] }),
  });
  return (
    <FormDialog
      onOpenChange={onOpenChange}
      title="Make a token"
      action="Make the token"
      sending={create}
      result={(made) => <OneTimeSecret what={`token ${made.name}`} value={made.token} />}
    >
      <TextField
        label="Name"
        required
        placeholder="What will use it"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <Field label="Role">
        {(ids) => (
          <Select
            {...ids}
            value={role}
            options={roleWords.slice(0, roleWords.findIndex((one) => one.value === me?.role) + 1)}
            onChange={(event) => setRole(roleOf(event.target.value))}
          />
        )}
      </Field>
      <TextField
        label="Only these rooms"
        placeholder="pipelines, deployments:read"
        hint="Everything the role allows when left empty."
        value={scopes}
        onChange={(event) => setScopes(event.target.value)}
      />
      <Field label="Ends after">
        {(ids) => <Select {...ids} value={ends} options={days} onChange={(event) => setEnds(event.target.value)} />}
      </Field>
    </FormDialog>
  );
}
