import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Hammer } from 'lucide-react';
import { type Answer, api } from '../../app/api.ts';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';

/** Has a release built again whose build is not kept any more; then it can be deployed as before. */
export function RebuildButton({ release }: { release: Answer<'deployments', 'getRelease'> }) {
  const refusal = useRefusal('developer');
  const queries = useQueryClient();
  const rebuild = useMutation({
    mutationFn: () => api.deployments.rebuildRelease({ params: { id: release.id } }),
    onSuccess: () => queries.invalidateQueries(),
  });
  const because = refusal ?? (release.status === 'ready' ? undefined : 'It is being built.');
  return (
    <Button
      icon={<Hammer aria-hidden />}
      disabledBecause={because}
      busy={rebuild.isPending}
      onClick={() => rebuild.mutate()}
    >
      Build again
    </Button>
  );
}
