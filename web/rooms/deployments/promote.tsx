import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ArrowRight } from 'lucide-react';
import { useState } from 'react';
import { api, type Item } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { useToasts } from '../../kit/toast.tsx';

type Environment = Item<'deployments', 'listEnvironments'>;

interface PromoteProps {
  environment: Environment;
  /** The environments it feeds. */
  to: Environment[];
  size?: 'normal' | 'small' | undefined;
}

/** Sends what is good here on to the environments it feeds. */
export function PromoteButton({ environment, to, size }: PromoteProps) {
  const refusal = useRefusal('developer');
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  const toasts = useToasts();
  const good = environment.lastGood;
  const names = to.map((one) => one.name).join(', ');
  const same = good !== null && to.every((one) => one.release?.id === good.id);
  const because =
    refusal ??
    (good ? undefined : `No release has proved good in ${environment.name} yet.`) ??
    (same ? `${names} runs ${good?.version} already.` : undefined);
  const promote = useMutation({
    mutationFn: () => api.deployments.promote({ params: { id: environment.id }, body: {} }),
    onSuccess: ({ items }) => {
      setOpen(false);
      toasts.said(`${good?.version} is on its way to ${names}`);
      if (items.length === 1) {
        void navigate({ to: '/deployments/$deploymentId', params: { deploymentId: items[0]!.id } });
      }
    },
  });
  return (
    <>
      <Button size={size} icon={<ArrowRight aria-hidden />} disabledBecause={because} onClick={() => setOpen(true)}>
        Promote
      </Button>
      {open && (
        <Dialog
          open
          onOpenChange={setOpen}
          title={`Promote ${good?.version} to ${names}?`}
          description={
            <>
              {good?.message}
              {to.some((one) => one.approval) && ' It waits there for an approval before it starts.'}
            </>
          }
          footer={
            <>
              <Button onClick={() => setOpen(false)}>Not now</Button>
              <Button look="primary" busy={promote.isPending} onClick={() => promote.mutate()}>
                Promote to {names}
              </Button>
            </>
          }
        >
          {promote.error && <Problem error={promote.error} />}
        </Dialog>
      )}
    </>
  );
}
