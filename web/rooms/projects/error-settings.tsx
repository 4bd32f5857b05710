import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Answer, api, ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Check, Fields, Lines, linesOf } from '../../kit/field.tsx';
import { Section } from '../../kit/page.tsx';
import { useToasts } from '../../kit/toast.tsx';
import { SaveForm, SaveRow } from './save-form.tsx';
import { ScrubFields } from './scrub-fields.tsx';

type Settings = Answer<'errors', 'getSettings'>;

/** What a project filters and takes out of events, and who owns which part. */
export function ErrorSettings({ project }: { project: string }) {
  const query = useQuery(ask('errors', 'getSettings', { params: { project } }));
  if (!query.data) return <QueryProblem query={query} />;
  return <SettingsForm key={query.data.changedAt} project={project} settings={query.data} />;
}

const kinds = [
  { name: 'browserExtensions', label: 'Errors of browser extensions' },
  { name: 'localhost', label: 'Events from localhost' },
  { name: 'webCrawlers', label: 'Events of web crawlers' },
  { name: 'legacyBrowsers', label: 'Events of browsers that are no longer supported' },
] as const;

function SettingsForm({ project, settings }: { project: string; settings: Settings }) {
  const refusal = useRefusal('maintainer');
  const queries = useQueryClient();
  const toasts = useToasts();
  const [filters, setFilters] = useState(settings.filters);
  const [messages, setMessages] = useState(settings.filters.messages.join('\n'));
  const [releases, setReleases] = useState(settings.filters.releases.join('\n'));
  const [fields, setFields] = useState(settings.scrubbing.fields.join('\n'));
  const [patterns, setPatterns] = useState(settings.scrubbing.patterns.join('\n'));
  const [addresses, setAddresses] = useState(settings.scrubbing.addresses);
  const [ownership, setOwnership] = useState(settings.ownership);
  const save = useMutation({
    mutationFn: () =>
      api.errors.setSettings({
        params: { project },
        body: {
          filters: { ...filters, messages: linesOf(messages), releases: linesOf(releases) },
          scrubbing: { fields: linesOf(fields), patterns: linesOf(patterns), addresses },
          ownership,
        },
      }),
    onSuccess: async () => {
      toasts.said('Saved; it holds for events to come');
      await queries.invalidateQueries({ queryKey: ['errors', 'getSettings'] });
    },
  });
  return (
    <SaveForm save={save}>
      <Section title="Not wanted">
        <Fields>
          {kinds.map(({ name, label }) => (
            <Check
              key={name}
              label={label}
              checked={filters[name]}
              set={(value) => setFilters((before) => ({ ...before, [name]: value }))}
            />
          ))}
          <Lines
            label="Error messages"
            hint="One a line, as “type: value”; * stands for any text."
            rows={3}
            value={messages}
            placeholder="ResizeObserver loop*"
            set={setMessages}
          />
          <Lines
            label="Releases"
            hint="One a line; * stands for any text."
            rows={2}
            value={releases}
            placeholder="shop@0.*"
            set={setReleases}
          />
        </Fields>
      </Section>
      <Section title="Taken out of errors">
        <Fields>
          <p style={{ color: 'var(--text-quiet)' }}>
            Passwords, tokens, cookies, card numbers and private keys always are. Besides:
          </p>
          <Check label="Addresses of users" checked={addresses} set={setAddresses} />
          <ScrubFields
            named="names that contain it"
            fields={fields}
            setFields={setFields}
            patterns={patterns}
            setPatterns={setPatterns}
          />
        </Fields>
      </Section>
      <Section title="Owners">
        <Fields>
          <Lines
            label="Ownership rules"
            hint="One a line. New issues are assigned to the first owner who has an account; without a rule, CODEOWNERS of the repository counts."
            rows={5}
            value={ownership}
            placeholder={
              'path:src/billing/** ada@shop.example\nurl:*/checkout/* bo@shop.example\ntags.region:eu cy@shop.example'
            }
            set={setOwnership}
          />
          <SaveRow save={save} refusal={refusal} />
        </Fields>
      </Section>
    </SaveForm>
  );
}
