import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { api, ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { Choice } from '../../kit/tabs.tsx';
import { SecretList, SetSecretButton } from '../settings/secret-list.tsx';

/** Secrets of a project, and those of its environments. */
export function ProjectSecrets({ project }: { project: string }) {
  const refusal = useRefusal('developer');
  const queries = useQueryClient();
  const { environment = '' } = useSearch({ from: '/shell/projects/$projectSlug' });
  const navigate = useNavigate({ from: '/projects/$projectSlug' });
  const environments = useQuery(ask('deployments', 'listEnvironments', { query: { project } })).data?.items ?? [];
  const ofProject = useQuery({
    ...ask('secrets', 'projectSecrets', { params: { project } }),
    enabled: !refusal && !environment,
  });
  const ofEnvironment = useQuery({
    ...ask('secrets', 'environmentSecrets', { params: { project, environment } }),
    enabled: !refusal && environment !== '',
  });
  const query = environment ? ofEnvironment : ofProject;
  const refresh = () => queries.invalidateQueries({ queryKey: ['secrets'] });
  if (refusal) return <Empty title="Secrets are for developers">{refusal}</Empty>;
  return (
    <Section
      flush
      title={
        <Choice
          label="Whose secrets"
          value={environment}
          options={[
            { value: '', label: 'All jobs and services' },
            ...environments.map((one) => ({ value: one.name, label: `Only ${one.name}` })),
          ]}
          onChange={(next) =>
            void navigate({ search: (before) => ({ ...before, environment: next || undefined }), replace: true })
          }
        />
      }
      aside={
        <SetSecretButton
          where={environment ? `${project} in ${environment}` : project}
          onSet={async (name, value) => {
            await (environment
              ? api.secrets.setEnvironmentSecret({ params: { project, environment, name }, body: { value } })
              : api.secrets.setProjectSecret({ params: { project, name }, body: { value } }));
            await refresh();
          }}
        />
      }
    >
      <QueryProblem query={query} />
      <SecretList
        label="Secrets"
        items={query.data?.items}
        onRemove={async (name) => {
          await (environment
            ? api.secrets.removeEnvironmentSecret({ params: { project, environment, name } })
            : api.secrets.removeProjectSecret({ params: { project, name } }));
          await refresh();
        }}
      />
    </Section>
  );
}
