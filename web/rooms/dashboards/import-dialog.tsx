import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { Field, inputClass, TextField } from '../../kit/field.tsx';
import styles from './dashboards.module.css';

/** A dashboard from nothing but a name, or from JSON as New Relic exports it. */
export function NewDashboardDialog({
  kind,
  project,
  onOpenChange,
}: {
  kind: 'new' | 'import';
  project: string | undefined;
  onOpenChange: (open: boolean) => void;
}) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [text, setText] = useState('');
  const create = useMutation({
    mutationFn: async () => {
      const document: unknown = kind === 'new' ? { name, pages: [{ name: 'Overview', widgets: [] }] } : readJson(text);
      return api.dashboards.createDashboard({
        body: { project: project ?? null, document: document as Record<string, unknown> },
      });
    },
    onSuccess: (made) => {
      onOpenChange(false);
      void navigate({
        to: '/dashboards/$dashboardId',
        params: { dashboardId: made.id },
        search: (before) => ({ project: before.project, ...(kind === 'new' ? { edit: true } : { works: true }) }),
      });
    },
  });
  return (
    <FormDialog
      wide={kind === 'import'}
      onOpenChange={onOpenChange}
      title={kind === 'new' ? 'New dashboard' : 'Import a dashboard'}
      action={kind === 'new' ? 'Create it' : 'Import it'}
      sending={create}
    >
      {kind === 'new' ? (
        <TextField
          label="Name"
          required
          value={name}
          maxLength={300}
          onChange={(event) => setName(event.target.value)}
        />
      ) : (
        <Field
          label="JSON"
          hint="As New Relic exports it. Queries ask the data that is here; what cannot be drawn is told afterwards."
        >
          {(ids) => (
            <>
              <input
                type="file"
                accept=".json,application/json"
                aria-label="File"
                onChange={(event) => {
                  void event.target.files?.[0]?.text().then(setText);
                }}
              />
              <textarea
                {...ids}
                required
                className={`${inputClass} ${styles.jsonText}`}
                rows={14}
                spellCheck={false}
                value={text}
                onChange={(event) => setText(event.target.value)}
              />
            </>
          )}
        </Field>
      )}
    </FormDialog>
  );
}

/** JSON, or a sentence on what is wrong with it. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`This is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
