import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Answer, api, ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Fields, Lines } from '../../kit/field.tsx';
import { Section } from '../../kit/page.tsx';
import { Time } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';
import { SaveForm, SaveRow } from './save-form.tsx';

type Rules = Answer<'errors', 'getGroupingRules'>;

/** What a project says on which events are one issue. */
export function GroupingRules({ project }: { project: string }) {
  const query = useQuery(ask('errors', 'getGroupingRules', { params: { project } }));
  if (!query.data) return <QueryProblem query={query} />;
  return <RulesForm key={query.data.changedAt} project={project} rules={query.data} />;
}

function RulesForm({ project, rules }: { project: string; rules: Rules }) {
  const refusal = useRefusal('maintainer');
  const queries = useQueryClient();
  const toasts = useToasts();
  const [stackRules, setStackRules] = useState(rules.stackRules);
  const [fingerprintRules, setFingerprintRules] = useState(rules.fingerprintRules);
  const save = useMutation({
    mutationFn: () => api.errors.setGroupingRules({ params: { project }, body: { stackRules, fingerprintRules } }),
    onSuccess: async () => {
      toasts.said('Saved; it holds for events to come');
      await queries.invalidateQueries({ queryKey: ['errors', 'getGroupingRules'] });
    },
  });
  return (
    <SaveForm save={save}>
      <Section title="Grouping">
        <Fields>
          <Lines
            label="Stack trace rules"
            hint="One a line: conditions, then what they do. They come after the rules for common libraries and say what is the application’s own code (+app, -app) and what takes part in grouping (+group, -group)."
            rows={4}
            value={stackRules}
            placeholder={'path:**/generated/** -app\nfunction:withRetry -group'}
            set={setStackRules}
          />
          <Lines
            label="Fingerprint rules"
            hint="One a line; the first that holds says which issue an event belongs to, whatever its stack."
            rows={4}
            value={fingerprintRules}
            placeholder={
              'error.type:DatabaseError message:"*timed out*" -> database-timeout title="The database is slow"\ntags.tenant:acme -> {{ default }} acme'
            }
            set={setFingerprintRules}
          />
          {rules.changedAt && (
            <p style={{ color: 'var(--text-quiet)' }}>
              Changed by {rules.changedBy} <Time at={rules.changedAt} />. Issues that exist stay as they are.
            </p>
          )}
          <SaveRow save={save} refusal={refusal} />
        </Fields>
      </Section>
    </SaveForm>
  );
}
