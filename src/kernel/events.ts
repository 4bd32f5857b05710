/** Who did it: a person, an API token, or Millrace itself (named by the flow or loop that acted). */
export interface Actor {
  kind: 'person' | 'token' | 'system';
  id: string;
  name: string;
}

/** One fact in the log of everything that happened. Types read `room.noun.verbed`, for example `pipelines.run.finished`. */
export interface EventEnvelope<Type extends string = string, Data = unknown> {
  id: string;
  /** Position in the log; grows, may have gaps. */
  position: number;
  type: Type;
  /** What it is about: `run:<id>`, `deployment:<id>`. Delivery is in order per subject. */
  subject: string;
  projectId: string | null;
  actor: Actor;
  /** Ids of the events that brought this one about, nearest first. */
  causes: string[];
  /** Unix milliseconds. */
  at: number;
  data: Data;
}

export const system = (name: string): Actor => ({ kind: 'system', id: name, name });
