import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../kernel/faults.ts';
import { type Handlers, type MountedContract, mountOn } from '../platform/http/contract.ts';
import type { Principal } from '../platform/http/principal.ts';
import { identityContract } from './api.ts';
import { sessionOf } from './authenticate.ts';
import { credentialsOf, sessionCookieHeader } from './credentials.ts';
import type { IdentityDeps } from './deps.ts';
import { acceptInvitation, claimOwner, invite, withdrawInvitation } from './join.ts';
import { changePassword, changeProfile, changeRole, removePerson } from './people.ts';
import type { Person } from './person.ts';
import { checkPassword, openSession } from './sign-in.ts';
import * as store from './store.ts';
import { createOwnToken, revokeToken } from './tokens.ts';
import { meView, personView, sessionView, tokenView } from './views.ts';

type Contract = Handlers<typeof identityContract.operations>;

const done = { done: true } as const;

/** The handlers of the identity contract. */
export const identityRoutes = (deps: IdentityDeps): MountedContract =>
  mountOn(identityContract, deps.database, (database) => handlersOf({ ...deps, database }));

function handlersOf(deps: IdentityDeps): Contract {
  const setCookie = (reply: FastifyReply, token: string, maxAgeSeconds: number): void => {
    const secure = deps.publicUrl().startsWith('https:');
    reply.header('set-cookie', sessionCookieHeader(token, maxAgeSeconds, secure));
  };
  const signIn = async (person: Person, request: FastifyRequest, reply: FastifyReply) => {
    const caller = { address: request.ip, userAgent: request.headers['user-agent'] ?? '' };
    const session = await openSession(deps, person, caller);
    setCookie(reply, session.token, session.maxAgeSeconds);
    return meView(person, null);
  };
  const currentSession = async (request: FastifyRequest): Promise<store.Session | undefined> => {
    const credentials = credentialsOf(request.headers);
    return credentials?.kind === 'session' ? (await sessionOf(deps, credentials.token))?.session : undefined;
  };
  const me = async (principal: Principal): Promise<Person> => {
    const person = await store.personById(deps.database, principal.personId);
    if (!person) throw new Fault('missing', 'This person was removed', { code: 'identity.person-not-found' });
    return person;
  };
  /** Passwords and sessions are a person's own: a stolen token must not be able to lock its owner out. */
  const inPerson = (principal: Principal): void => {
    if (principal.kind === 'person') return;
    throw new Fault('forbidden', 'Only a person can do this, not a token', {
      code: 'identity.in-person',
      hint: 'Sign in with your password.',
    });
  };

  return {
    status: async ({ principal }) => ({
      ownerExists: await store.hasOwner(deps.database),
      me: principal ? meView(await me(principal), principal) : null,
    }),
    claimOwner: async ({ body, request, reply }) => signIn(await claimOwner(deps, body.token, body), request, reply),
    login: async ({ body, request, reply }) => signIn(await checkPassword(deps, body, request.ip), request, reply),
    logout: async ({ principal, request, reply }) => {
      const session = await currentSession(request);
      if (session) await store.deleteSessions(deps.database, principal.personId, { only: session.id });
      setCookie(reply, '', 0);
      return done;
    },
    me: async ({ principal }) => meView(await me(principal), principal),
    changeMe: async ({ principal, body, actor }) => {
      inPerson(principal);
      return meView(await changeProfile(deps, principal.personId, body, actor), principal);
    },
    changePassword: async ({ principal, body, request, reply }) => {
      inPerson(principal);
      const person = await me(principal);
      await changePassword(deps, person, body);
      await signIn(person, request, reply);
      return done;
    },
    people: async () => ({ items: (await store.allPeople(deps.database)).map(personView) }),
    changeRole: async ({ params, body, principal, actor, request, reply }) => {
      const person = await changeRole(deps, params.id, body.role, actor);
      // Whoever changed their own role goes on in a new session.
      if (principal.kind === 'person' && principal.personId === person.id) await signIn(person, request, reply);
      return personView(person);
    },
    removePerson: async ({ params, actor }) => {
      await removePerson(deps, params.id, actor);
      return done;
    },
    invitations: async () => ({
      items: (await store.invitations(deps.database, deps.clock.now())).map(invitationView),
    }),
    invite: async ({ body, actor }) => {
      const { invitation, link } = await invite(deps, body, actor);
      return { ...invitationView(invitation), link };
    },
    withdrawInvitation: async ({ params, actor }) => {
      await withdrawInvitation(deps, params.id, actor);
      return done;
    },
    acceptInvitation: async ({ body, request, reply }) =>
      signIn(await acceptInvitation(deps, body.token, body), request, reply),
    tokens: async ({ principal }) => {
      const whose = principal.role === 'owner' ? null : principal.personId;
      return { items: (await store.tokensOf(deps.database, whose)).map(tokenView) };
    },
    createToken: async ({ principal, body, actor }) => {
      const { token, text } = await createOwnToken(deps, principal, body, actor);
      const person = await me(principal);
      return { ...tokenView({ ...token, personName: person.name }), token: text };
    },
    revokeToken: async ({ principal, params, actor }) => {
      await revokeToken(deps, principal, params.id, actor);
      return done;
    },
    sessions: async ({ principal, request }) => {
      const current = await currentSession(request);
      const sessions = await store.sessionsOf(deps.database, principal.personId, deps.clock.now());
      return { items: sessions.map((session) => sessionView(session, session.id === current?.id)) };
    },
    revokeSession: async ({ principal, params }) => {
      inPerson(principal);
      const ended = await store.deleteSessions(deps.database, principal.personId, { only: params.id });
      if (ended === 0) throw new Fault('missing', 'There is no such session', { code: 'identity.session-not-found' });
      return done;
    },
  };
}

function invitationView(link: store.Link) {
  return {
    id: link.id,
    email: link.email ?? '',
    role: link.role ?? ('viewer' as const),
    invitedBy: link.invitedBy ?? '',
    createdAt: new Date(link.createdAt).toISOString(),
    expiresAt: new Date(link.expiresAt).toISOString(),
  };
}
