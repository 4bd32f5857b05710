import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Answer, api, ask } from '../../app/api.ts';
import { Problem, QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Fields, TextArea } from '../../kit/field.tsx';
import { Section } from '../../kit/page.tsx';
import { useToasts } from '../../kit/toast.tsx';

type Settings = Answer<'errors', 'getSettings'>;

/** What a project filters and takes out of events, and who owns which part. */
export function ErrorSettings({ project }: { project: string }) {
  const query = useQuery(ask('errors', 'getSettings', { params: { project } }));
  if (!query.data) return <QueryProblem query={query} />;
  return <SettingsForm key={query.data.changedAt} project={project} settings={query.data} />;
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const kinds = [
  { name: 'browserExtensions', label: 'Errors of browser extensions' },
  { name: 'localhost', label: 'Events from localhost' },
  { name: 'webCrawlers', label: 'Events of web crawlers' },
  { name: 'legacyBrowsers', label: 'Events of browsers that are no longer supported' },
] as const;

interface LinesProps {
  label: string;
  hint: string;
  rows: number;
  value: string;
  placeholder: string;
  set: (value: string) => void;
}

/** Entries, one a line. */
const Lines = ({ set, ...rest }: LinesProps) => <TextArea {...rest} onChange={(event) => set(event.target.value)} />;

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
  const check = (label: string, checked: boolean, set: (value: boolean) => void) => (
    <label key={label} style={{ display: 'flex', gap: 'var(--space-2)', alignItems: 'center' }}>
      <input type="checkbox" checked={checked} onChange={(event) => set(event.target.checked)} />
      {label}
    </label>
  );
  return (
    <form
      style={{ display: 'grid', gap: 'var(--space-5)' }}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Section title="Not wanted">
        <Fields>
          {kinds.map(({ name, label }) =>
            check(label, filters[name], (value) => setFilters((before) => ({ ...before, [name]: value }))),
          )}
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
      <Section title="Taken out">
        <Fields>
          <p style={{ color: 'var(--text-quiet)' }}>
            Passwords, tokens, cookies, card numbers and private keys always are. Besides:
          </p>
          {check('Addresses of users', addresses, setAddresses)}
          <Lines
            label="Values by name"
            hint="One a line; names that contain it count, in any case."
            rows={3}
            value={fields}
            placeholder="iban"
            set={setFields}
          />
          <Lines
            label="Patterns"
            hint="One a line, in RE2 syntax; what matches is taken out of every text."
            rows={2}
            value={patterns}
            placeholder="cust-[0-9]+"
            set={setPatterns}
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
          {save.error && <Problem error={save.error} />}
          <div>
            <Button type="submit" look="primary" busy={save.isPending} disabledBecause={refusal}>
              Save
            </Button>
          </div>
        </Fields>
      </Section>
    </form>
  );
}
