import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type Answer, api } from '../../app/api.ts';
import { useRefusal } from '../../app/session.ts';
import { Fields, TextField } from '../../kit/field.tsx';
import { Section } from '../../kit/page.tsx';
import { useToasts } from '../../kit/toast.tsx';
import { SaveRow } from './save-form.tsx';

/** Name, default branch, description. */
export function ProjectForm({ project }: { project: Answer<'projects', 'get'> }) {
  const refusal = useRefusal('maintainer');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const toasts = useToasts();
  const [name, setName] = useState(project.name);
  const [slug, setSlug] = useState(project.slug);
  const [branch, setBranch] = useState(project.defaultBranch);
  const [description, setDescription] = useState(project.settings.description);
  const [forks, setForks] = useState(project.settings.buildForks);
  const [autoCancel, setAutoCancel] = useState(project.settings.autoCancel);
  const save = useMutation({
    mutationFn: () =>
      api.projects.change({
        params: { project: project.id },
        body: {
          name: name.trim(),
          slug: slug.trim(),
          defaultBranch: branch.trim(),
          settings: { description, buildForks: forks, autoCancel },
        },
        ifMatch: String(project.version),
      }),
    onSuccess: async (saved) => {
      toasts.said('Saved');
      await queries.invalidateQueries({ queryKey: ['projects'] });
      await navigate({
        to: '/projects/$projectSlug',
        params: { projectSlug: saved.slug },
        search: { tab: 'general', project: saved.slug },
        replace: true,
      });
    },
  });
  return (
    <Section title="General">
      <form
        style={{ maxWidth: '28rem' }}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Fields>
          <TextField label="Name" required value={name} onChange={(event) => setName(event.target.value)} />
          <TextField
            label="Slug"
            required
            hint="Stands in addresses; changing it changes the git address too."
            value={slug}
            onChange={(event) => setSlug(event.target.value)}
          />
          <TextField
            label="Default branch"
            required
            value={branch}
            onChange={(event) => setBranch(event.target.value)}
          />
          <TextField label="Description" value={description} onChange={(event) => setDescription(event.target.value)} />
          <label style={{ display: 'flex', gap: 'var(--space-2)', alignItems: 'center' }}>
            <input type="checkbox" checked={forks} onChange={(event) => setForks(event.target.checked)} />
            Build pull requests from forks (they never get secrets)
          </label>
          <label style={{ display: 'flex', gap: 'var(--space-2)', alignItems: 'center' }}>
            <input type="checkbox" checked={autoCancel} onChange={(event) => setAutoCancel(event.target.checked)} />
            Cancel runs that a newer push to their branch overtakes (never on the default branch)
          </label>
          <SaveRow save={save} refusal={refusal} />
        </Fields>
      </form>
    </Section>
  );
}
