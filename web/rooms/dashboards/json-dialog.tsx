import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { DashboardDocument } from '../../../src/dashboards/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { Field, inputClass } from '../../kit/field.tsx';
import styles from './dashboards.module.css';
import { readJson } from './import-dialog.tsx';

/** A dashboard's document as text; the server has the last word on it when it is saved. */
export function JsonDialog({
  document,
  onDone,
  onOpenChange,
}: {
  document: DashboardDocument;
  onDone: (document: DashboardDocument) => void;
  onOpenChange: (open: boolean) => void;
}) {
  const [text, setText] = useState(() => JSON.stringify(document, null, 2));
  const take = useMutation({
    mutationFn: async () => {
      const read = readJson(text) as DashboardDocument;
      if (!Array.isArray(read?.pages) || !Array.isArray(read.variables ?? []) || read.pages.length === 0)
        throw new Error('A dashboard has pages, and each of them widgets.');
      onDone({ ...read, variables: read.variables ?? [] });
    },
    onSuccess: () => onOpenChange(false),
  });
  return (
    <FormDialog wide onOpenChange={onOpenChange} title="As JSON" action="Use this" sending={take}>
      <Field label="JSON" hint="Pages and variables are added here.">
        {(ids) => (
          <textarea
            {...ids}
            className={`${inputClass} ${styles.jsonText}`}
            rows={24}
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
    </FormDialog>
  );
}
