import type { z } from 'zod';

/**
 * The facts a room publishes: short name (`run.finished`) to the schema of its data.
 * The room's name is put in front on append, so the stored type is `pipelines.run.finished`.
 */
export type EventSchemas = Record<string, z.ZodType>;

export interface EventCatalogue<Room extends string = string, Schemas extends EventSchemas = EventSchemas> {
  room: Room;
  schemas: Schemas;
}

/** Declares the facts of a room (its `events.ts`). */
export function defineEvents<const Room extends string, Schemas extends EventSchemas>(
  room: Room,
  schemas: Schemas,
): EventCatalogue<Room, Schemas> {
  return { room, schemas };
}

/** The data of one fact: `EventData<typeof pipelineEvents, 'run.finished'>`. */
export type EventData<Catalogue extends EventCatalogue, Name extends keyof Catalogue['schemas']> = z.output<
  Catalogue['schemas'][Name]
>;
