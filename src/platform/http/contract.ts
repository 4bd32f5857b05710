import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Actor } from '../../kernel/events.ts';
import type { Database } from '../postgres/database.ts';
import type { Principal, Role } from './principal.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One operation of the API. From it come the route, the OpenAPI entry, the client's types, and the permission matrix. */
export interface Operation {
  method: Method;
  /** Below /api/v1, parameters as `:name`. */
  path: string;
  /** One line for people: imperative, no full stop. */
  summary: string;
  /** The least role that may call it; `public` needs no one signed in. */
  role: Role | 'public';
  /** Nobody is looked up for it, so that it is answered when no store is there to look in. Only for `public`. */
  anonymous?: boolean;
  params?: z.ZodObject | undefined;
  /** Query values arrive as text: use `z.coerce` for numbers and `z.stringbool()` for booleans. */
  query?: z.ZodObject | undefined;
  body?: z.ZodType | undefined;
  response: z.ZodType;
  /** Success status; default 200, or 201 for a POST with `creates`. */
  status?: number;
  /** Creates something: the `Idempotency-Key` header is honoured (same key and body: same answer, done once). */
  creates?: boolean;
  /** The answer holds a secret shown once: it is not kept for replays, so a repeated Idempotency-Key is refused instead. */
  reveals?: boolean;
  /** Answers carry an ETag made from this field of the response (a version); writes honour `If-Match`. */
  etag?: string;
  /** Largest request body in bytes; default 1 MiB. */
  bodyLimit?: number;
}

/** The operations of one room, by name. The room's name is also the tag and the token scope. */
export interface Contract<Operations extends Record<string, Operation> = Record<string, Operation>> {
  room: string;
  operations: Operations;
}

/** Declares the API of a room (its `api.ts`). */
export function defineContract<const Operations extends Record<string, Operation>>(
  room: string,
  operations: Operations,
): Contract<Operations> {
  return { room, operations };
}

type OutputOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** What a handler is given: everything parsed and checked. */
export interface Call<Op extends Operation = Operation> {
  params: OutputOf<Op['params']>;
  query: OutputOf<Op['query']>;
  body: OutputOf<Op['body']>;
  /** Who asks. On `public` operations it may be null. */
  principal: Op['role'] extends 'public' ? Principal | null : Principal;
  /** The same as an event's actor. */
  actor: Actor;
  /** The `If-Match` value without quotes, when sent. */
  ifMatch: string | undefined;
  request: FastifyRequest;
  reply: FastifyReply;
}

export type Handlers<Operations extends Record<string, Operation>> = {
  [Name in keyof Operations]: (
    call: Call<Operations[Name]>,
  ) => Promise<z.input<Operations[Name]['response']>> | z.input<Operations[Name]['response']>;
};

export interface MountedContract {
  contract: Contract;
  handlers: Record<string, (call: Call) => unknown>;
  /** The same handlers over another database: over the one transaction in which a call with an Idempotency-Key happens. */
  handlersOn?: ((database: Database) => MountedContract['handlers']) | undefined;
}

/** Joins a contract that creates nothing with its handlers; the compiler checks that none is missing. */
export function mount<Operations extends Record<string, Operation>>(
  contract: Contract<Operations>,
  handlers: Handlers<Operations>,
): MountedContract {
  return { contract, handlers: handlers as unknown as MountedContract['handlers'] };
}

/**
 * Joins a contract with handlers that do all they do on the database they are given. A call that creates something then
 * commits together with the record of its Idempotency-Key: a server killed at any moment did both or neither.
 */
export function mountOn<Operations extends Record<string, Operation>>(
  contract: Contract<Operations>,
  database: Database,
  handlersOn: (database: Database) => Handlers<Operations>,
): MountedContract {
  const build = (on: Database) => handlersOn(on) as unknown as MountedContract['handlers'];
  return { contract, handlers: build(database), handlersOn: build };
}

/**
 * A foreign protocol served beside the API, in a Fastify scope of its own (its parsers and limits leak nowhere).
 */
export interface HttpIntake {
  /** `sentry`, `otlp`, `git`, `github`... */
  name: string;
  /** How callers prove themselves, in words; listed in the docs and checked by the permission matrix test. */
  authentication: string;
  /** Also served on the intake listener that deployed services reach (DSN, OTLP), which serves nothing else. */
  reachableByServices: boolean;
  /** Its callers show API tokens though its paths are outside of /api/v1: `request.principal` is looked up for it. */
  takesApiTokens?: boolean | undefined;
  /** It reads bodies by itself, as they come and within bounds of its own; otherwise they are held whole, within ours. */
  streamsBodies?: boolean | undefined;
  register: (scope: FastifyInstance) => void | Promise<void>;
}

/** Query fields of every list. */
export const pageQuery = { cursor: z.string().optional(), limit: z.coerce.number().int().min(1).max(200).default(50) };

/** A list answer: `next` is the cursor of the following page, null on the last. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}
