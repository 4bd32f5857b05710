import { atLeast, type Principal, type Role } from '../platform/http/principal.ts';

/** What somebody wants to do: an operation of a room's contract, or the like of an intake. */
export interface Wish {
  room: string;
  method: string;
  /** The least role that may; `public` needs nobody signed in. */
  role: Role | 'public';
}

export type Decision =
  | { allowed: true }
  | { allowed: false; kind: 'unauthenticated' | 'forbidden'; code: string; message: string; hint: string };

/**
 * The one place where rights are decided. A person may what their role allows. A token may what its role allows within
 * its scopes: `pipelines` is the whole room, `pipelines:read` only GET.
 */
export function authorize(principal: Principal | null, wish: Wish): Decision {
  if (wish.role === 'public') return { allowed: true };
  if (!principal) {
    return {
      allowed: false,
      kind: 'unauthenticated',
      code: 'identity.sign-in',
      message: 'Nobody is signed in',
      hint: 'Sign in, or send an API token as "Authorization: Bearer mr_...".',
    };
  }
  if (!atLeast(principal.role, wish.role)) {
    return {
      allowed: false,
      kind: 'forbidden',
      code: 'identity.role',
      message: `This needs the role ${wish.role}, and ${principal.name} is ${principal.role}`,
      hint: 'An owner can change roles under Settings, People.',
    };
  }
  if (!inScope(principal.scopes, wish)) {
    return {
      allowed: false,
      kind: 'forbidden',
      code: 'identity.scope',
      message: `This token does not reach ${wish.room} with ${wish.method}`,
      hint: `Make a token with the scope "${wish.room}"${isRead(wish.method) ? ` or "${wish.room}:read"` : ''}.`,
    };
  }
  return { allowed: true };
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

function inScope(scopes: readonly string[] | null, wish: Wish): boolean {
  if (scopes === null || scopes.includes(wish.room)) return true;
  return isRead(wish.method) && scopes.includes(`${wish.room}:read`);
}

/** Whether somebody limited to `own` may hand out `wanted`: nobody can give what they do not have. */
export function mayGrantScopes(own: readonly string[] | null, wanted: readonly string[] | null): boolean {
  if (own === null) return true;
  if (wanted === null) return false;
  return wanted.every((scope) => own.includes(scope) || own.includes(scope.replace(/:read$/, '')));
}
