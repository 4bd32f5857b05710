import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { api } from '../../app/api.ts';
import { Door } from './door.tsx';
import { useLinkToken } from './link-token.ts';
import { NewPersonForm } from './new-person-form.tsx';

/** Becoming the owner with the link the server printed at its first start. */
export function ClaimPage() {
  const token = useLinkToken();
  const router = useRouter();
  const queries = useQueryClient();
  const claim = useMutation({
    mutationFn: (person: { name: string; email: string; password: string }) =>
      api.identity.claimOwner({ body: { token, ...person } }),
    onSuccess: async () => {
      queries.clear();
      await router.navigate({ to: '/' });
    },
  });
  return (
    <Door title="Make this server yours">
      <p>This link works once. Whoever uses it owns the server and can invite the others.</p>
      <NewPersonForm
        withEmail
        action="Become the owner"
        busy={claim.isPending}
        error={claim.error}
        onSubmit={(person) => claim.mutate(person)}
      />
    </Door>
  );
}
