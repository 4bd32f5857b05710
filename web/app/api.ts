import { queryOptions } from '@tanstack/react-query';
import { type Client, createClient } from '../../src/client/index.ts';

export { ApiError } from '../../src/client/index.ts';

/** The one client of the API; the session travels in its cookie. */
export const api: Client = createClient({ baseUrl: '', fetch: (...args) => fetch(...args) });

type Room = keyof Client;
type Operation<R extends Room> = keyof Client[R] & string;
type Input<R extends Room, O extends Operation<R>> = Client[R][O] extends (...input: infer All) => unknown
  ? All
  : never;

/** What an operation answers. */
export type Answer<R extends Room, O extends Operation<R>> = Client[R][O] extends (
  ...input: never[]
) => Promise<infer Value>
  ? Value
  : never;

/** One element of a list that an operation answers. */
export type Item<R extends Room, O extends Operation<R>> =
  Answer<R, O> extends { items: (infer Value)[] } ? Value : never;

/**
 * A question to the API as a cached query. Its key is `[room, operation, input]`, which is what live events
 * invalidate (see live-facts.ts).
 */
export function ask<R extends Room, O extends Operation<R>>(room: R, operation: O, ...input: Input<R, O>) {
  const given = input[0] as Record<string, unknown> | undefined;
  const call: (input: unknown) => Promise<Answer<R, O>> = Reflect.get<object, string>(api[room], operation);
  return queryOptions({
    queryKey: [room, operation, given ?? null] as const,
    queryFn: ({ signal }): Promise<Answer<R, O>> => call({ ...given, signal }),
  });
}
