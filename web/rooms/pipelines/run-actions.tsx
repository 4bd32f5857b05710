import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Ban, RotateCcw, StepForward } from 'lucide-react';
import { useMemo } from 'react';
import { type Answer, api } from '../../app/api.ts';
import { usePageCommands } from '../../app/commands.ts';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { useToasts } from '../../kit/toast.tsx';

/** Rerun, rerun from failed, cancel. */
export function RunActions({ run }: { run: Answer<'pipelines', 'getRun'> }) {
  const refusal = useRefusal('developer');
  const navigate = useNavigate();
  const toasts = useToasts();
  const rerun = useMutation({
    mutationFn: (from: 'start' | 'failed') => api.pipelines.rerun({ params: { id: run.id }, body: { from } }),
    onSuccess: (next) => void navigate({ to: '/runs/$runId', params: { runId: next.id } }),
    onError: toasts.failed,
  });
  const moving = ['queued', 'running', 'on_hold'].includes(run.status);
  // A run that was left out has no jobs, so nothing of it can have failed.
  const failed = run.jobs.length > 0 && (run.status === 'failed' || run.status === 'canceled');
  const again = rerun.mutate;
  const commands = useMemo(
    () =>
      moving
        ? []
        : [
            ...(failed
              ? [
                  {
                    id: 'failed',
                    name: `Rerun ${run.number} from failed`,
                    disabledBecause: refusal,
                    run: () => again('failed'),
                  },
                ]
              : []),
            { id: 'rerun', name: `Rerun ${run.number}`, disabledBecause: refusal, run: () => again('start') },
          ],
    [moving, failed, refusal, run.number, again],
  );
  usePageCommands(commands);

  if (moving) {
    return (
      <Confirm
        trigger={
          <Button icon={<Ban aria-hidden />} disabledBecause={refusal}>
            Cancel run
          </Button>
        }
        title={`Cancel run ${run.number}?`}
        action="Cancel run"
        danger
        onConfirm={() => api.pipelines.cancelRun({ params: { id: run.id } })}
      >
        Running jobs are stopped, waiting ones are not started. It can be run again afterwards.
      </Confirm>
    );
  }
  return (
    <>
      <Button
        icon={<RotateCcw aria-hidden />}
        disabledBecause={refusal}
        busy={rerun.isPending && rerun.variables === 'start'}
        onClick={() => again('start')}
      >
        Rerun
      </Button>
      {failed && (
        <Button
          look="primary"
          icon={<StepForward aria-hidden />}
          disabledBecause={refusal}
          busy={rerun.isPending && rerun.variables === 'failed'}
          onClick={() => again('failed')}
        >
          Rerun from failed
        </Button>
      )}
    </>
  );
}
