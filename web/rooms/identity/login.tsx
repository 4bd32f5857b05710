import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { statusQuery } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { CodeBlock } from '../../kit/copy.tsx';
import { TextField } from '../../kit/field.tsx';
import { Door } from './door.tsx';

/** Only addresses of this app: a link must not carry people elsewhere after the sign-in. */
function safeTarget(next: string | undefined): string {
  return next?.startsWith('/') && !next.startsWith('//') && !next.startsWith('/\\') ? next : '/';
}

/** Signing in; before there is an owner, how to become one. */
export function LoginPage() {
  const { next } = useSearch({ from: '/login' });
  const router = useRouter();
  const queries = useQueryClient();
  const status = useQuery(statusQuery);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const enter = useMutation({
    mutationFn: () => api.identity.login({ body: { email: email.trim(), password } }),
    onSuccess: async () => {
      queries.clear();
      await router.navigate({ href: safeTarget(next) });
    },
  });
  if (status.data && !status.data.ownerExists) return <NoOwnerYet />;
  return (
    <Door title="Sign in to Millrace">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          enter.mutate();
        }}
      >
        <TextField
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <TextField
          label="Password"
          type="password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {enter.error && <Problem error={enter.error} />}
        {status.error && <Problem error={status.error} retry={() => void status.refetch()} />}
        <Button type="submit" look="primary" busy={enter.isPending}>
          Sign in
        </Button>
      </form>
    </Door>
  );
}

function NoOwnerYet() {
  return (
    <Door title="Welcome to Millrace">
      <p>
        Nobody owns this server yet. When it started it printed a link that makes you its owner, once. It stands in the
        terminal where Millrace runs. A link is good for a day; the next start prints a new one:
      </p>
      <CodeBlock code="millrace up" label="Command that prints the link" />
    </Door>
  );
}
