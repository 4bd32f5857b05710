import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Undo2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { api, ask, type Item } from '../../app/api.ts';
import { usePageCommands } from '../../app/commands.ts';
import { Problem, QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Field, Fields, Select, TextField } from '../../kit/field.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import { ReleaseDiff } from './release-diff.tsx';

type Environment = Item<'deployments', 'listEnvironments'>;

interface RollBackProps {
  environment: Environment;
  size?: 'normal' | 'small' | undefined;
  /** Offers it in the command menu too. */
  offer?: boolean | undefined;
}

/** The one way back: shows what will change, then does it. Stands last in the actions of whatever shows an environment. */
export function RollBackButton({ environment, size, offer }: RollBackProps) {
  const refusal = useRefusal('developer');
  const [open, setOpen] = useState(false);
  const because = refusal ?? (environment.release ? undefined : `Nothing was deployed to ${environment.name} yet.`);
  const commands = useMemo(
    () => [
      {
        id: `rollback ${environment.id}`,
        name: `Roll back ${environment.project} / ${environment.name}`,
        words: 'undo revert take back',
        disabledBecause: because,
        run: () => setOpen(true),
      },
    ],
    [environment.id, environment.project, environment.name, because],
  );
  usePageCommands(offer ? commands : none);
  return (
    <>
      <Button size={size} icon={<Undo2 aria-hidden />} disabledBecause={because} onClick={() => setOpen(true)}>
        Roll back
      </Button>
      {open && <RollBackDialog environment={environment} onOpenChange={setOpen} />}
    </>
  );
}

const none: never[] = [];

function RollBackDialog({
  environment,
  onOpenChange,
}: {
  environment: Environment;
  onOpenChange: (open: boolean) => void;
}) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string>();
  const [reason, setReason] = useState('');
  const releases = useQuery(
    ask('deployments', 'listReleases', { params: { project: environment.project }, query: { limit: 50 } }),
  );
  const went = useQuery(
    ask('deployments', 'listDeployments', { query: { environment: environment.id, status: 'succeeded', limit: 50 } }),
  );
  const choices = choicesFor(environment, releases.data?.items ?? [], went.data?.items ?? []);
  const release = chosen ?? choices.find((one) => one.good)?.id;
  const diff = useQuery({
    ...ask('deployments', 'diffEnvironment', { params: { id: environment.id }, query: { release } }),
    enabled: release !== undefined,
  });
  const target = release === undefined ? undefined : diff.data?.to;
  const loaded = releases.data !== undefined && went.data !== undefined;
  const back = useMutation({
    mutationFn: () =>
      api.deployments.rollBack({
        params: { id: environment.id },
        body: { releaseId: target?.id, reason: reason.trim() || undefined },
      }),
    onSuccess: (deployment) =>
      void navigate({ to: '/deployments/$deploymentId', params: { deploymentId: deployment.id } }),
  });
  return (
    <Dialog
      open
      wide
      onOpenChange={onOpenChange}
      title={`Roll back ${environment.project} / ${environment.name}`}
      footer={
        <>
          <Button onClick={() => onOpenChange(false)}>Keep as it is</Button>
          <Button
            look="primary"
            icon={<Undo2 aria-hidden />}
            busy={back.isPending}
            disabledBecause={target ? undefined : 'Choose a release first.'}
            onClick={() => back.mutate()}
          >
            {target ? `Roll back to ${target.version}` : 'Roll back'}
          </Button>
        </>
      }
    >
      <Fields>
        <Field label="Return to">
          {(ids) => (
            <Select
              {...ids}
              value={release ?? ''}
              onChange={(event) => setChosen(event.target.value || undefined)}
              options={[
                ...(release === undefined ? [{ value: '', label: loaded ? 'Choose a release' : 'Loading…' }] : []),
                ...choices.map(({ id, label }) => ({ value: id, label })),
              ]}
            />
          )}
        </Field>
        {loaded && release === undefined && (
          <p>
            {choices.length === 0
              ? `There is no other release to return to.`
              : `No other release has proved good in ${environment.name}. Any of them can be chosen all the same.`}
          </p>
        )}
        <QueryProblem query={releases} />
        <QueryProblem query={diff} />
        {release !== undefined && diff.isPending && <Skeleton height="9rem" />}
        {release !== undefined && diff.data && <ReleaseDiff diff={diff.data} />}
        <TextField
          label="Why (optional)"
          value={reason}
          maxLength={1000}
          onChange={(event) => setReason(event.target.value)}
        />
        {back.error && <Problem error={back.error} />}
      </Fields>
    </Dialog>
  );
}

/** Releases to return to, newest first; `good` ones served here well and were not taken back since. */
function choicesFor(
  environment: Environment,
  releases: Item<'deployments', 'listReleases'>[],
  went: Item<'deployments', 'listDeployments'>[],
) {
  const proved = new Set(went.map((one) => one.release.id));
  return releases
    .filter((one) => one.status === 'ready' && one.id !== environment.release?.id)
    .map((one) => {
      const bad = one.environments.some((place) => place.name === environment.name && place.bad !== null);
      const good = proved.has(one.id) && !bad;
      const gone = one.removedAt === null ? '' : ' (to be built again first)';
      const mark = bad ? ' (was taken back here)' : good ? ' (was good here)' : '';
      return { id: one.id, good, label: `${one.version}${one.message ? ` – ${one.message}` : ''}${mark}${gone}` };
    });
}
