/** Where a secret belongs. A context is shared by projects; an environment is one of a project's. */
export type Place =
  | { kind: 'context'; contextId: string; context: string }
  | { kind: 'project'; projectId: string }
  | { kind: 'environment'; projectId: string; environment: string };

/** A secret without its value. */
export interface Secret {
  id: string;
  name: string;
  fingerprint: string;
  version: number;
  /** Unix milliseconds. */
  updatedAt: number;
  updatedBy: string;
  lastReadAt: number | null;
}

/** A named set of secrets that jobs ask for. */
export interface Context {
  id: string;
  name: string;
  description: string;
  /** Projects that may use it; null is all. */
  projectIds: string[] | null;
  createdAt: number;
}

/** The place as the log and the access list name it. */
export function scopeOf(place: Place): string {
  if (place.kind === 'context') return `context:${place.context}`;
  return place.kind === 'environment' ? `environment:${place.environment}` : 'project';
}

export const projectOf = (place: Place): string | null => (place.kind === 'context' ? null : place.projectId);

/** What a value is sealed for: its own row, so that a copied row does not open. */
export const sealPlace = (secretId: string): string => `secrets/${secretId}`;

/** One value for each name: those of later places win, as a context wins over the project in CircleCI. */
export function effective<Value extends { name: string }>(...places: Value[][]): Value[] {
  const byName = new Map<string, Value>();
  for (const values of places) for (const value of values) byName.set(value.name, value);
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a project may use a context. */
export function mayUse(context: Context, projectId: string): boolean {
  return context.projectIds === null || context.projectIds.includes(projectId);
}
