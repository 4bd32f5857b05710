import { useQuery } from '@tanstack/react-query';
import { type Answer, ask } from './api.ts';

export type Me = NonNullable<Answer<'identity', 'status'>['me']>;
export type Role = Me['role'];

const order: Role[] = ['viewer', 'developer', 'maintainer', 'owner'];

export const statusQuery = { ...ask('identity', 'status'), staleTime: 60_000 };

/** Whoever is signed in; pages inside the shell always have someone. */
export function useMe(): Me | null {
  return useQuery(statusQuery).data?.me ?? null;
}

/** Why the signed-in person may not do what needs `role`; undefined when they may. */
export function useRefusal(role: Role): string | undefined {
  const me = useMe();
  if (me && order.indexOf(me.role) >= order.indexOf(role)) return undefined;
  return `Needs the role ${role}; yours is ${me?.role ?? 'unknown'}.`;
}
