import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Play } from 'lucide-react';
import { useState } from 'react';
import { api, ask } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import type { Project } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Field, Select } from '../../kit/field.tsx';

/** Starts a run of a branch or tag. */
export function RunButton({ project }: { project: Project | undefined }) {
  const refusal = useRefusal('developer');
  const [open, setOpen] = useState(false);
  const because = refusal ?? (project ? undefined : 'Choose a project first, at the top left.');
  return (
    <>
      <Button icon={<Play aria-hidden />} disabledBecause={because} onClick={() => setOpen(true)}>
        Run a branch
      </Button>
      {open && project && <RunDialog project={project} onOpenChange={setOpen} />}
    </>
  );
}

function RunDialog({ project, onOpenChange }: { project: Project; onOpenChange: (open: boolean) => void }) {
  const navigate = useNavigate();
  const refs = useQuery(ask('projects', 'refs', { params: { project: project.slug } })).data?.items;
  const [ref, setRef] = useState(project.defaultBranch);
  const start = useMutation({
    mutationFn: () => api.pipelines.startRun({ params: { project: project.slug }, body: { ref } }),
    onSuccess: (run) => void navigate({ to: '/runs/$runId', params: { runId: run.id } }),
  });
  return (
    <Dialog
      open
      onOpenChange={onOpenChange}
      title={`Run a branch of ${project.name}`}
      footer={
        <>
          <Button onClick={() => onOpenChange(false)}>Close</Button>
          <Button look="primary" busy={start.isPending} onClick={() => start.mutate()}>
            Run {ref}
          </Button>
        </>
      }
    >
      <Field label="Branch or tag">
        {(ids) => (
          <Select
            {...ids}
            value={ref}
            onChange={(event) => setRef(event.target.value)}
            options={(refs ?? [{ name: project.defaultBranch }]).map((one) => ({ value: one.name, label: one.name }))}
          />
        )}
      </Field>
      {start.error && <Problem error={start.error} />}
    </Dialog>
  );
}
