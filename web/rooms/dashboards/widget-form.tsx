import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Widget } from '../../../src/dashboards/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { Field, inputClass, Select, TextField } from '../../kit/field.tsx';
import { InOrder } from '../../kit/in-order.tsx';
import { NrqlEditor } from '../telemetry/nrql-editor.tsx';
import { formOf, ignoresRange, queriesOf, textOf, visualizations, withQueries } from './widget-settings.ts';

/** Everything of a widget that can be set here; what it holds besides stays. */
export function WidgetForm({
  widget,
  project,
  onDone,
  onOpenChange,
  action,
}: {
  widget: Widget;
  project: string | undefined;
  onDone: (widget: Widget) => void;
  onOpenChange: (open: boolean) => void;
  action: string;
}) {
  const [title, setTitle] = useState(widget.title);
  const [kind, setKind] = useState(widget.visualization.id);
  const [queries, setQueries] = useState(() => (queriesOf(widget).length > 0 ? queriesOf(widget) : ['']));
  const [text, setText] = useState(textOf(widget));
  const [own, setOwn] = useState(ignoresRange(widget));
  const isText = formOf({ visualization: { id: kind } }) === 'markdown';
  const take = useMutation({
    mutationFn: async () => {
      const changed: Widget = { ...widget, title: title.trim(), visualization: { ...widget.visualization, id: kind } };
      const kept = withQueries(widget, queries.map((one) => one.trim()).filter(Boolean));
      const platformOptions = { ...(kept.platformOptions as object | undefined), ignoreTimeRange: own };
      onDone({
        ...changed,
        rawConfiguration: isText ? { ...widget.rawConfiguration, text } : { ...kept, platformOptions },
      });
    },
    onSuccess: () => onOpenChange(false),
  });
  const known = visualizations.some((one) => one.value === kind);
  return (
    <FormDialog wide onOpenChange={onOpenChange} title={action} action={action} sending={take}>
      <TextField label="Title" value={title} maxLength={500} onChange={(event) => setTitle(event.target.value)} />
      <Field label="Shown as">
        {(ids) => (
          <Select
            {...ids}
            value={kind}
            options={known ? visualizations : [...visualizations, { value: kind, label: kind }]}
            onChange={(event) => setKind(event.target.value)}
          />
        )}
      </Field>
      {isText ? (
        <Field label="Text" hint="Markdown: headings, lists, links, tables.">
          {(ids) => (
            <textarea
              {...ids}
              className={inputClass}
              rows={10}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
      ) : (
        <>
          <InOrder items={queries}>
            {(query, index) => (
              <Field
                label={queries.length > 1 ? `Query ${index + 1}` : 'Query'}
                hint={index === queries.length - 1 ? 'Variables stand as {{name}}.' : undefined}
              >
                {() => (
                  <NrqlEditor
                    value={query}
                    project={project}
                    onChange={(next) => setQueries(queries.map((one, at) => (at === index ? next : one)))}
                    onRun={() => take.mutate()}
                  />
                )}
              </Field>
            )}
          </InOrder>
          <label>
            <input type="checkbox" checked={own} onChange={(event) => setOwn(event.target.checked)} /> Keeps the time
            its query says, whatever the page shows
          </label>
        </>
      )}
    </FormDialog>
  );
}
