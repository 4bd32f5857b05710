import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { api } from '../../app/api.ts';
import { Door } from './door.tsx';
import { useLinkToken } from './link-token.ts';
import { NewPersonForm } from './new-person-form.tsx';

/** Accepting an invitation. */
export function JoinPage() {
  const token = useLinkToken();
  const router = useRouter();
  const queries = useQueryClient();
  const join = useMutation({
    mutationFn: ({ name, password }: { name: string; password: string }) =>
      api.identity.acceptInvitation({ body: { token, name, password } }),
    onSuccess: async () => {
      queries.clear();
      await router.navigate({ to: '/' });
    },
  });
  return (
    <Door title="Join your team on Millrace">
      <p>Your e-mail address and role come with the invitation.</p>
      <NewPersonForm
        action="Join"
        busy={join.isPending}
        error={join.error}
        onSubmit={(person) => join.mutate(person)}
      />
    </Door>
  );
}
