import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Answer, api, ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Check, Fields, linesOf } from '../../kit/field.tsx';
import { Section } from '../../kit/page.tsx';
import { useToasts } from '../../kit/toast.tsx';
import { SaveForm, SaveRow } from './save-form.tsx';
import { ScrubFields } from './scrub-fields.tsx';

/** What is taken out of a project's logs, spans and events as they come in. */
export function Scrubbing({ project }: { project: string }) {
  const query = useQuery(ask('telemetry', 'scrubbing', { params: { project } }));
  if (!query.data) return <QueryProblem query={query} />;
  return <ScrubbingForm key={JSON.stringify(query.data)} project={project} settings={query.data} />;
}

function ScrubbingForm({ project, settings }: { project: string; settings: Answer<'telemetry', 'scrubbing'> }) {
  const refusal = useRefusal('maintainer');
  const queries = useQueryClient();
  const toasts = useToasts();
  const [standard, setStandard] = useState(settings.standard);
  const [emails, setEmails] = useState(settings.emails);
  const [fields, setFields] = useState(settings.fields.join('\n'));
  const [patterns, setPatterns] = useState(settings.patterns.join('\n'));
  const save = useMutation({
    mutationFn: () =>
      api.telemetry.setScrubbing({
        params: { project },
        body: { standard, emails, fields: linesOf(fields), patterns: linesOf(patterns) },
      }),
    onSuccess: async () => {
      toasts.said('Saved; it holds for what comes in from now on');
      await queries.invalidateQueries({ queryKey: ['telemetry', 'scrubbing'] });
    },
  });
  return (
    <Section title="Taken out of logs, spans and events">
      <SaveForm save={save}>
        <Fields>
          <Check
            label="Passwords, tokens, cookies, card numbers and private keys"
            checked={standard}
            set={setStandard}
          />
          <Check label="Addresses of mail" checked={emails} set={setEmails} />
          <ScrubFields
            named="attributes whose name contains it"
            fields={fields}
            setFields={setFields}
            patterns={patterns}
            setPatterns={setPatterns}
          />
          <SaveRow save={save} refusal={refusal} />
        </Fields>
      </SaveForm>
    </Section>
  );
}
