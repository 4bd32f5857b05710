import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Rocket } from 'lucide-react';
import { useState } from 'react';
import { type Answer, api, ask } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Field, Fields, Select } from '../../kit/field.tsx';
import { ReleaseDiff } from './release-diff.tsx';

/** Deploys a release to an environment, after showing what changes. */
export function DeployButton({ release }: { release: Answer<'deployments', 'getRelease'> }) {
  const refusal = useRefusal('developer');
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState<string>();
  const environments = useQuery(ask('deployments', 'listEnvironments', { query: { project: release.project } })).data
    ?.items;
  const target = environments?.find((one) => one.id === chosen) ?? environments?.[0];
  const diff = useQuery({
    ...ask('deployments', 'diffEnvironment', { params: { id: target?.id ?? '' }, query: { release: release.id } }),
    enabled: open && target !== undefined,
  }).data;
  const deploy = useMutation({
    mutationFn: () => api.deployments.deploy({ params: { id: target?.id ?? '' }, body: { releaseId: release.id } }),
    onSuccess: (deployment) =>
      void navigate({ to: '/deployments/$deploymentId', params: { deploymentId: deployment.id } }),
  });
  const because =
    refusal ??
    (release.status === 'ready' ? undefined : 'Only a release that was built can be deployed.') ??
    (release.removedAt === null ? undefined : 'What was built of it is not kept any more: build it again first.') ??
    (target ? undefined : 'There is no environment yet.');
  return (
    <>
      <Button icon={<Rocket aria-hidden />} disabledBecause={because} onClick={() => setOpen(true)}>
        Deploy
      </Button>
      {open && target && (
        <Dialog
          open
          wide
          onOpenChange={setOpen}
          title={`Deploy ${release.version}`}
          footer={
            <>
              <Button onClick={() => setOpen(false)}>Not now</Button>
              <Button look="primary" busy={deploy.isPending} onClick={() => deploy.mutate()}>
                Deploy to {target.name}
              </Button>
            </>
          }
        >
          <Fields>
            <Field label="Environment">
              {(ids) => (
                <Select
                  {...ids}
                  value={target.id}
                  onChange={(event) => setChosen(event.target.value)}
                  options={(environments ?? []).map((one) => ({ value: one.id, label: one.name }))}
                />
              )}
            </Field>
            {diff && <ReleaseDiff diff={diff} />}
            {deploy.error && <Problem error={deploy.error} />}
          </Fields>
        </Dialog>
      )}
    </>
  );
}
