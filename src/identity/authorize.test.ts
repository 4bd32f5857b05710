import { describe, expect, it } from 'vitest';
import { contracts } from '../app/contracts.ts';
import { type Principal, type Role, roles } from '../platform/http/principal.ts';
import { authorize, mayGrantScopes } from './authorize.ts';

const somebody = (role: Role, scopes: string[] | null = null): Principal => ({
  kind: scopes ? 'token' : 'person',
  id: 'p',
  personId: 'p',
  name: 'Ada',
  email: 'ada@example.org',
  role,
  scopes,
});

const operations = contracts.flatMap((contract) =>
  Object.entries(contract.operations).map(([name, operation]) => ({
    name: `${contract.room}.${name}`,
    room: contract.room,
    method: operation.method,
    role: operation.role,
  })),
);

/** Written out, not computed: a mistake in the comparison of roles cannot hide in its own test. */
const mayCall: Record<Role | 'public', (Role | 'nobody')[]> = {
  public: ['nobody', 'viewer', 'developer', 'maintainer', 'owner'],
  viewer: ['viewer', 'developer', 'maintainer', 'owner'],
  developer: ['developer', 'maintainer', 'owner'],
  maintainer: ['maintainer', 'owner'],
  owner: ['owner'],
};

describe('every operation of the API', () => {
  it.each(operations)('$name ($method, $role) is open to exactly who may', (operation) => {
    for (const who of ['nobody', ...roles] as const) {
      const decision = authorize(who === 'nobody' ? null : somebody(who), operation);
      expect(decision.allowed, who).toBe(mayCall[operation.role].includes(who));
      if (!decision.allowed) expect(decision.kind).toBe(who === 'nobody' ? 'unauthenticated' : 'forbidden');
    }
    const isPublic = operation.role === 'public';
    const reads = operation.method === 'GET';
    const asToken = (...scopes: string[]): boolean => authorize(somebody('owner', scopes), operation).allowed;
    expect(asToken(operation.room)).toBe(true);
    expect(asToken(`${operation.room}:read`)).toBe(isPublic || reads);
    expect(asToken('elsewhere', `elsewhere:read`, `${operation.room}x`)).toBe(isPublic);
    expect(asToken()).toBe(isPublic);
  });

  it('is closed to the public, but for these', () => {
    expect(operations.filter((operation) => operation.role === 'public').map((operation) => operation.name)).toEqual([
      'identity.status',
      'identity.claimOwner',
      'identity.login',
      'identity.acceptInvitation',
      'health.get',
    ]);
  });

  it('lets viewers change nothing but what is their own', () => {
    const writes = operations.filter((operation) => operation.role === 'viewer' && operation.method !== 'GET');
    const own = writes.filter((operation) => operation.room === 'identity').map((operation) => operation.name);
    expect(own.sort()).toEqual([
      'identity.changeMe',
      'identity.changePassword',
      'identity.createToken',
      'identity.logout',
      'identity.revokeSession',
      'identity.revokeToken',
    ]);
  });
});

describe('tokens', () => {
  it('hand out no scope they do not have', () => {
    expect(mayGrantScopes(null, null)).toBe(true);
    expect(mayGrantScopes(['pipelines'], null)).toBe(false);
    expect(mayGrantScopes(['pipelines'], ['pipelines:read'])).toBe(true);
    expect(mayGrantScopes(['pipelines:read'], ['pipelines'])).toBe(false);
    expect(mayGrantScopes(['pipelines'], ['pipelines', 'secrets'])).toBe(false);
  });
});
