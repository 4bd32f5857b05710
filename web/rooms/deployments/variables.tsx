import { useMutation, useQuery } from '@tanstack/react-query';
import { Plus, Save, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, ask } from '../../app/api.ts';
import { Problem, QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Input } from '../../kit/field.tsx';
import { Section } from '../../kit/page.tsx';
import { Time } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';
import styles from './variables.module.css';

type Row = { id: number; name: string; value: string };

/** What services of an environment receive. Changes are gathered and saved as one version. */
export function Variables({ environmentId }: { environmentId: string }) {
  const refusal = useRefusal('maintainer');
  const toasts = useToasts();
  const query = useQuery(ask('deployments', 'getVariables', { params: { id: environmentId } }));
  const [draft, setDraft] = useState<Row[]>();
  const stored = Object.entries(query.data?.variables ?? {}).map(([name, value], id) => ({ id, name, value }));
  const rows = draft ?? stored;
  const save = useMutation({
    mutationFn: () =>
      api.deployments.putVariables({
        params: { id: environmentId },
        body: { variables: Object.fromEntries(rows.filter((row) => row.name).map((row) => [row.name, row.value])) },
        ifMatch: String(query.data?.version ?? 0),
      }),
    onSuccess: (saved) => {
      setDraft(undefined);
      toasts.said(`Saved as version ${saved.version}; it applies from the next deployment`);
    },
  });
  const change = (id: number, part: Partial<Row>) =>
    setDraft(rows.map((row) => (row.id === id ? { ...row, ...part } : row)));
  const empty = rows.length === 0 && !draft && !query.isPending;
  const add = (
    <Button
      icon={<Plus aria-hidden />}
      disabledBecause={refusal}
      onClick={() => setDraft([...rows, { id: Math.max(0, ...rows.map((row) => row.id)) + 1, name: '', value: '' }])}
    >
      Add a variable
    </Button>
  );
  return (
    <Section
      title="Variables"
      aside={
        query.data?.changedAt && (
          <span>
            Version {query.data.version}, {query.data.changedBy}, <Time at={query.data.changedAt} />
          </span>
        )
      }
    >
      <QueryProblem query={query} />
      <div className={styles.rows}>
        {empty && (
          <Empty title="No variables" action={add}>
            Plain settings for the services of this environment. What must not be read goes to the project’s secrets.
          </Empty>
        )}
        {rows.map((row) => (
          <div key={row.id} className={styles.row}>
            <Input
              aria-label="Name"
              placeholder="NAME"
              value={row.name}
              pattern="[A-Za-z_][A-Za-z0-9_]*"
              readOnly={refusal !== undefined}
              onChange={(event) => change(row.id, { name: event.target.value })}
            />
            <Input
              aria-label={`Value of ${row.name}`}
              value={row.value}
              readOnly={refusal !== undefined}
              onChange={(event) => change(row.id, { value: event.target.value })}
            />
            <IconButton
              label={`Remove ${row.name}`}
              disabledBecause={refusal}
              onClick={() => setDraft(rows.filter((other) => other.id !== row.id))}
            >
              <Trash2 aria-hidden />
            </IconButton>
          </div>
        ))}
        {save.error && <Problem error={save.error} />}
        <div className={styles.actions}>
          {!empty && add}
          {draft && (
            <>
              <Button look="primary" icon={<Save aria-hidden />} busy={save.isPending} onClick={() => save.mutate()}>
                Save as one change
              </Button>
              <Button look="quiet" onClick={() => setDraft(undefined)}>
                Discard
              </Button>
            </>
          )}
        </div>
      </div>
    </Section>
  );
}
