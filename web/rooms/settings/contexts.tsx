import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeySquare, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, ask } from '../../app/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Tag } from '../../kit/badge.tsx';
import { Button, IconButton } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { TextField } from '../../kit/field.tsx';
import { Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { SecretList, SetSecretButton } from './secret-list.tsx';

/** Contexts: named sets of secrets that jobs ask for. */
export function Contexts() {
  const queries = useQueryClient();
  const mayRead = useRefusal('developer');
  const refusal = useRefusal('maintainer');
  const { slugOf } = useProject();
  const contexts = useQuery({ ...ask('secrets', 'contexts'), enabled: mayRead === undefined });
  const refresh = () => queries.invalidateQueries({ queryKey: ['secrets'] });
  if (mayRead) return <Empty title="Contexts are for developers">{mayRead}</Empty>;
  return (
    <>
      <div>
        <NewContextButton />
      </div>
      <QueryProblem query={contexts} />
      {contexts.isPending && <SkeletonRows />}
      {contexts.data?.items.length === 0 && (
        <Empty icon={<KeySquare />} title="No contexts yet" command={'jobs:\n  - publish:\n      context: npm'}>
          A context is a named set of secrets. A job that names it sees them as environment variables. Secrets of one
          project alone stand in the project’s settings.
        </Empty>
      )}
      {contexts.data?.items.map((context) => (
        <Section
          key={context.id}
          flush
          title={
            <>
              {context.name}{' '}
              {context.projectIds === null ? (
                <Tag>all projects</Tag>
              ) : (
                context.projectIds.map((id) => <Tag key={id}>{slugOf(id) ?? id}</Tag>)
              )}
            </>
          }
          aside={
            <>
              {context.description}
              <SetSecretButton
                where={`context ${context.name}`}
                onSet={async (name, value) => {
                  await api.secrets.setContextSecret({ params: { context: context.name, name }, body: { value } });
                  await refresh();
                }}
              />
              <Confirm
                trigger={
                  <IconButton size="small" label={`Delete context ${context.name}`} disabledBecause={refusal}>
                    <Trash2 aria-hidden />
                  </IconButton>
                }
                title={`Delete context ${context.name}?`}
                action="Delete context"
                danger
                onConfirm={async () => {
                  await api.secrets.removeContext({ params: { context: context.name } });
                  await refresh();
                }}
              >
                Its {context.secrets.length} secrets go with it.
              </Confirm>
            </>
          }
        >
          <SecretList
            label={`Secrets of context ${context.name}`}
            items={context.secrets}
            onRemove={async (name) => {
              await api.secrets.removeContextSecret({ params: { context: context.name, name } });
              await refresh();
            }}
          />
        </Section>
      ))}
    </>
  );
}

function NewContextButton() {
  const refusal = useRefusal('maintainer');
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const create = useMutation({
    mutationFn: () => api.secrets.createContext({ body: { name: name.trim(), description } }),
    onSuccess: () => {
      setOpen(false);
      return queries.invalidateQueries({ queryKey: ['secrets'] });
    },
  });
  return (
    <>
      <Button icon={<Plus aria-hidden />} disabledBecause={refusal} onClick={() => setOpen(true)}>
        Make a context
      </Button>
      <FormDialog open={open} onOpenChange={setOpen} title="Make a context" action="Make the context" sending={create}>
        <TextField label="Name" required value={name} onChange={(event) => setName(event.target.value)} />
        <TextField
          label="What for (optional)"
          value={description}
          onChange={(event) => setDescription(event.target.value)}
        />
      </FormDialog>
    </>
  );
}
