import type { FastifyRequest } from 'fastify';
import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import type { Principal } from '../platform/http/principal.ts';
import type { Room } from '../platform/room.ts';
import { authenticate, byBasic } from './authenticate.ts';
import { authorize, type Wish } from './authorize.ts';
import type { IdentityDeps } from './deps.ts';
import { identityEvents } from './events.ts';
import { createOwner, createOwnerLink, type NewPerson } from './join.ts';
import { identityMigrations } from './migrations/index.ts';
import { normalEmail, type Person } from './person.ts';
import { identityRoutes } from './routes.ts';
import { rememberPasswords } from './sign-in.ts';
import * as store from './store.ts';
import { createToken, type NewApiToken } from './tokens.ts';
import { cleanUp } from './worker.ts';

export { authorize, type Wish } from './authorize.ts';
export type { NewPerson } from './join.ts';
export type { Person } from './person.ts';
export type { NewApiToken } from './tokens.ts';

/** The door of the identity room. */
export interface Identity {
  room: Room;
  /** Finds who asks by session cookie or API token; null for nobody. For the HTTP server. */
  authenticate(request: FastifyRequest): Promise<Principal | null>;
  /** Throws `unauthenticated` or `forbidden` unless the principal may. The same decision as the pure `authorize`. */
  authorize(principal: Principal | null, wish: Wish): void;
  /** Finds who asks by Basic authentication or Bearer token; for git and other programs. */
  authenticateBasic(request: {
    headers: { authorization?: string | undefined };
    ip: string;
  }): Promise<Principal | null>;
  /** False until somebody claimed the installation: until then the server listens on loopback only. */
  ownerExists(): Promise<boolean>;
  /** A new one-time link that makes its opener the owner, good for a day. Throws `conflict` when there is one. */
  createOwnerLink(): Promise<string>;
  /** Makes the first owner without a link, for set-up from the machine itself. Throws `conflict` when there is one. */
  createOwner(input: NewPerson): Promise<Person>;
  /** Makes an API token with exactly these rights; the text is not kept anywhere. */
  createToken(input: NewApiToken, actor: Actor): Promise<{ id: string; text: string }>;
  people(): Promise<Person[]>;
  person(id: string): Promise<Person | undefined>;
  /** Whose address this is: by sign-in address first, then by listed commit addresses. */
  personByEmail(email: string): Promise<Person | undefined>;
}

export function createIdentity(deps: IdentityDeps): Identity {
  const memory = rememberPasswords(deps);
  return {
    room: {
      name: 'identity',
      migrations: identityMigrations,
      events: [identityEvents],
      contracts: [identityRoutes(deps)],
      intakes: [],
      loops: [{ name: 'identity.clean-up', run: (signal) => cleanUp(deps, signal) }],
      subscriptions: [],
    },
    authenticate: (request) => authenticate(deps, request),
    authorize(principal, wish) {
      const decision = authorize(principal, wish);
      if (decision.allowed) return;
      throw new Fault(decision.kind, decision.message, { code: decision.code, hint: decision.hint });
    },
    authenticateBasic: (request) => byBasic(deps, memory, request),
    ownerExists: () => store.hasOwner(deps.database),
    createOwnerLink: () => createOwnerLink(deps),
    createOwner: (input) => createOwner(deps, input),
    async createToken(input, actor) {
      const { token, text } = await createToken(deps, input, actor);
      return { id: token.id, text };
    },
    people: () => store.allPeople(deps.database),
    person: (id) => store.personById(deps.database, id),
    personByEmail: (email) => store.personByAnyEmail(deps.database, normalEmail(email)),
  };
}
