/** From least to most: each may do what those before it may. */
export const roles = ['viewer', 'developer', 'maintainer', 'owner'] as const;
export type Role = (typeof roles)[number];

/** Who is asking, once authenticated. */
export interface Principal {
  kind: 'person' | 'token';
  /** Id of the person, or of the token. */
  id: string;
  /** The person behind it; a token acts for the person who made it. */
  personId: string;
  name: string;
  email: string;
  role: Role;
  /** `null`: everything the role allows. Otherwise only rooms named here: `pipelines` (all), `pipelines:read` (GET only). */
  scopes: string[] | null;
}

export function atLeast(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
