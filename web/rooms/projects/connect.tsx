import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Field, Fields, Select, TextField } from '../../kit/field.tsx';
import { Page, Section } from '../../kit/page.tsx';

/** A new project: an empty repository to push to. A mirror of a forge is set up on the project's page right after. */
export function ConnectPage() {
  const refusal = useRefusal('maintainer');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [branch, setBranch] = useState('main');
  const [from, setFrom] = useState<'push' | 'forge'>('push');
  const create = useMutation({
    mutationFn: () => api.projects.create({ body: { name: name.trim(), defaultBranch: branch.trim() } }),
    onSuccess: async (project) => {
      await queries.invalidateQueries({ queryKey: ['projects'] });
      await navigate({
        to: '/projects/$projectSlug',
        params: { projectSlug: project.slug },
        search: { project: project.slug, tab: from === 'forge' ? 'remote' : undefined },
      });
    },
  });
  return (
    <Page title="Connect a repository" command={`millrace project create ${name ? `"${name}"` : 'NAME'}`}>
      <Section>
        <form
          style={{ maxWidth: '28rem' }}
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <Fields>
            <TextField
              label="Name of the project"
              required
              maxLength={100}
              placeholder="Shop"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <Field label="Where the code comes from">
              {(ids) => (
                <Select
                  {...ids}
                  value={from}
                  onChange={(event) => setFrom(event.target.value === 'forge' ? 'forge' : 'push')}
                  options={[
                    { value: 'push', label: 'I push it to Millrace' },
                    { value: 'forge', label: 'It is on GitHub, GitLab or Gitea' },
                  ]}
                />
              )}
            </Field>
            <TextField
              label="Default branch"
              required
              value={branch}
              onChange={(event) => setBranch(event.target.value)}
            />
            {create.error && <Problem error={create.error} />}
            <div>
              <Button type="submit" look="primary" busy={create.isPending} disabledBecause={refusal}>
                Create the project
              </Button>
            </div>
          </Fields>
        </form>
      </Section>
    </Page>
  );
}
