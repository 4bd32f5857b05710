import type { z } from 'zod';
import type { Operation } from '../platform/http/contract.ts';
import { ApiError, type ProblemBody } from './api-error.ts';
import type { Contracts } from './contracts.ts';
import { operations } from './generated/operations.ts';

type InputOf<Schema> = Schema extends z.ZodType ? z.input<Schema> : never;
type Part<Key extends string, Schema> = Schema extends z.ZodType
  ? // Everything optional inside: the part itself may be left out.
    Record<string, never> extends InputOf<Schema>
    ? { [K in Key]?: InputOf<Schema> }
    : { [K in Key]: InputOf<Schema> }
  : { [K in Key]?: undefined };

export type Input<Op extends Operation> = Part<'params', Op['params']> &
  Part<'query', Op['query']> &
  Part<'body', Op['body']> & {
    signal?: AbortSignal | undefined;
    /** For operations that create something; made anew for each call when absent, so that a retry by hand should pass its own. */
    idempotencyKey?: string | undefined;
    /** ETag of what was read, so that somebody else's change meanwhile is not overwritten. */
    ifMatch?: string | undefined;
  };

export type Output<Op extends Operation> = z.output<Op['response']>;

type Call<Op extends Operation> =
  Record<string, never> extends Input<Op>
    ? (input?: Input<Op>) => Promise<Output<Op>>
    : (input: Input<Op>) => Promise<Output<Op>>;

/** One function for each operation of the API, by room. */
export type Client = {
  [Room in keyof Contracts]: {
    [Name in keyof Contracts[Room]['operations']]: Contracts[Room]['operations'][Name] extends Operation
      ? Call<Contracts[Room]['operations'][Name]>
      : never;
  };
};

export interface ClientOptions {
  /** `http://localhost:7400`; empty in the browser. */
  baseUrl: string;
  /** An API token; the browser has its session cookie instead. */
  token?: string | undefined;
  fetch?: typeof fetch;
}

interface LooseInput {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  signal?: AbortSignal;
  idempotencyKey?: string;
  ifMatch?: string;
}

/**
 * The client that the web UI, the command line and outside programs share. Every refusal rejects with an `ApiError`
 * that carries the problem details; a server that cannot be reached rejects with status 0.
 */
export function createClient(options: ClientOptions): Client {
  const send = options.fetch ?? fetch;
  const call = async (room: string, name: string, input: LooseInput = {}): Promise<unknown> => {
    const [method, path, creates] = operations[`${room}.${name}`]!;
    const url = options.baseUrl + urlOf(path, input);
    const headers: Record<string, string> = { accept: 'application/json', 'x-millrace-client': '1' };
    if (options.token) headers.authorization = `Bearer ${options.token}`;
    if (input.body !== undefined) headers['content-type'] = 'application/json';
    if (creates) headers['idempotency-key'] = input.idempotencyKey ?? newKey();
    if (input.ifMatch !== undefined) headers['if-match'] = `"${input.ifMatch}"`;
    let response: Response;
    try {
      response = await send(url, {
        method,
        headers,
        ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
        ...(input.signal ? { signal: input.signal } : {}),
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new ApiError(0, {
        code: 'client.unreachable',
        detail: `Millrace does not answer at ${options.baseUrl || 'this address'}`,
        hint: 'Is the server running? Start it with `millrace up`.',
      });
    }
    const text = await response.text();
    const body: unknown = text === '' ? undefined : parse(text);
    if (!response.ok) throw new ApiError(response.status, (body ?? {}) as ProblemBody);
    return body;
  };
  const client: Record<string, Record<string, unknown>> = {};
  for (const key of Object.keys(operations)) {
    const [room, name] = key.split('.') as [string, string];
    client[room] ??= {};
    client[room][name] = (input?: LooseInput) => call(room, name, input);
  }
  return client as unknown as Client;
}

const newKey = (): string => globalThis.crypto.randomUUID();

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { code: 'client.not-json', detail: text.slice(0, 300) };
  }
}

function urlOf(path: string, input: LooseInput): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(input.params?.[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined && value !== null) query.set(name, String(value));
  }
  const text = query.toString();
  return `/api/v1${filled}${text ? `?${text}` : ''}`;
}
