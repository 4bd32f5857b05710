import { Fault } from '../kernel/faults.ts';
import type { Role } from '../platform/http/principal.ts';

/** Somebody who may sign in. */
export interface Person {
  id: string;
  name: string;
  /** Lower case. */
  email: string;
  role: Role;
  /** Further addresses they commit under, lower case. */
  gitEmails: string[];
  /** Unix milliseconds. */
  createdAt: number;
  lastSeenAt: number | null;
}

/** Addresses are compared without regard to case, as every mail system does in practice. */
export const normalEmail = (email: string): string => email.trim().toLowerCase();

/** Throws a `conflict` Fault when a change would leave Millrace without an owner. */
export function keepAnOwner(owners: readonly string[], personId: string, nextRole: Role | 'removed'): void {
  if (nextRole === 'owner' || !owners.includes(personId) || owners.length > 1) return;
  throw new Fault('conflict', 'The last owner cannot be removed or lose the role', {
    code: 'identity.last-owner',
    hint: 'Make somebody else an owner first.',
  });
}
