import { useState } from 'react';
import { Problem } from '../../app/problem.tsx';
import { Button } from '../../kit/button.tsx';
import { TextField } from '../../kit/field.tsx';

interface NewPersonFormProps {
  withEmail?: boolean | undefined;
  action: string;
  busy: boolean;
  error: unknown;
  onSubmit: (person: { name: string; email: string; password: string }) => void;
}

/** Name, password and, for the owner, the address. */
export function NewPersonForm({ withEmail, action, busy, error, onSubmit }: NewPersonFormProps) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit({ name: name.trim(), email: email.trim(), password });
      }}
    >
      <TextField
        label="Name"
        name="name"
        autoComplete="name"
        required
        maxLength={100}
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {withEmail && (
        <TextField
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          required
          hint="The one you commit with, so that news about your commits reaches you."
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      )}
      <TextField
        label="Password"
        type="password"
        name="password"
        autoComplete="new-password"
        required
        minLength={10}
        hint="At least 10 characters."
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      {Boolean(error) && <Problem error={error} />}
      <Button type="submit" look="primary" busy={busy}>
        {action}
      </Button>
    </form>
  );
}
