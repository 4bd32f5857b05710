import { useMutation, useQueryClient } from '@tanstack/react-query';
import { RefreshCw, Unplug } from 'lucide-react';
import { useState } from 'react';
import { type Answer, api } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { CodeBlock, OneTimeSecret } from '../../kit/copy.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Field, Fields, Select, TextField } from '../../kit/field.tsx';
import { Pairs, Section } from '../../kit/page.tsx';
import { Time } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';

const forges = ['github', 'gitlab', 'gitea'] as const;

/** Mirroring a repository of a forge, with its webhook. */
export function Remote({ project }: { project: Answer<'projects', 'get'> }) {
  const refusal = useRefusal('maintainer');
  const mayRun = useRefusal('developer');
  const queries = useQueryClient();
  const toasts = useToasts();
  const params = { project: project.slug };
  const [forge, setForge] = useState<(typeof forges)[number]>(project.remote?.forge ?? 'github');
  const [url, setUrl] = useState(project.remote?.url ?? '');
  const [token, setToken] = useState(project.remote?.tokenSecret ?? '');
  const refresh = () => queries.invalidateQueries({ queryKey: ['projects'] });
  const connect = useMutation({
    mutationFn: () =>
      api.projects.connectRemote({ params, body: { forge, url: url.trim(), tokenSecret: token.trim() || null } }),
    onSuccess: refresh,
  });
  const sync = useMutation({
    mutationFn: () => api.projects.sync({ params }),
    onSuccess: ({ updated }) => {
      toasts.said(updated.length === 0 ? 'Nothing new' : `Fetched ${updated.map((one) => one.ref).join(', ')}`);
      return refresh();
    },
    onError: toasts.failed,
  });
  return (
    <>
      {connect.data && (
        <Section title="Set up the webhook">
          <Fields>
            <CodeBlock label="Address of the webhook" code={connect.data.webhookUrl} />
            <OneTimeSecret what="the webhook’s secret" value={connect.data.webhookSecret} />
          </Fields>
        </Section>
      )}
      {project.remote && (
        <Section
          title="Mirror"
          aside={
            <>
              <Button
                size="small"
                icon={<RefreshCw aria-hidden />}
                busy={sync.isPending}
                disabledBecause={mayRun}
                onClick={() => sync.mutate()}
              >
                Fetch now
              </Button>
              <Confirm
                trigger={
                  <Button size="small" icon={<Unplug aria-hidden />} disabledBecause={refusal}>
                    Disconnect
                  </Button>
                }
                title={`Stop mirroring ${project.remote.url}?`}
                action="Disconnect"
                danger
                onConfirm={async () => {
                  await api.projects.disconnectRemote({ params });
                  await refresh();
                }}
              >
                The repository here stays as it is.
              </Confirm>
            </>
          }
        >
          <Pairs
            items={[
              { key: 'url', name: 'Repository', value: <code>{project.remote.url}</code> },
              { key: 'hook', name: 'Webhook', value: <code>{project.remote.webhookUrl}</code> },
              { key: 'sync', name: 'Last fetched', value: <Time at={project.remote.lastSyncAt} /> },
              { key: 'error', name: 'Last problem', value: project.remote.lastError ?? 'none' },
            ]}
          />
        </Section>
      )}
      <Section title={project.remote ? 'Change it' : 'Mirror a repository'}>
        <form
          style={{ maxWidth: '28rem' }}
          onSubmit={(event) => {
            event.preventDefault();
            connect.mutate();
          }}
        >
          <Fields>
            <Field label="Forge">
              {(ids) => (
                <Select
                  {...ids}
                  value={forge}
                  options={[
                    { value: 'github', label: 'GitHub' },
                    { value: 'gitlab', label: 'GitLab' },
                    { value: 'gitea', label: 'Gitea or Forgejo' },
                  ]}
                  onChange={(event) => setForge(forges.find((one) => one === event.target.value) ?? 'github')}
                />
              )}
            </Field>
            <TextField
              label="Address"
              required
              placeholder="https://github.com/acme/shop.git"
              value={url}
              onChange={(event) => setUrl(event.target.value)}
            />
            <TextField
              label="Secret with the access token"
              placeholder="GITHUB_TOKEN"
              hint="Name of a secret of this project; leave empty for public repositories."
              value={token}
              onChange={(event) => setToken(event.target.value)}
            />
            {connect.error && <Problem error={connect.error} />}
            <div>
              <Button type="submit" look="primary" busy={connect.isPending} disabledBecause={refusal}>
                {project.remote ? 'Save, with a new webhook secret' : 'Connect'}
              </Button>
            </div>
          </Fields>
        </form>
      </Section>
    </>
  );
}
