/** Which project a request means; the projects room fulfils it. */
export interface ProjectDirectory {
  /** By id or slug; undefined when there is none. */
  find(project: string): Promise<{ id: string } | undefined>;
}
