/** Files of one commit, as the projects room reads them. */
export interface CommitFiles {
  list(): Promise<string[]>;
  read(path: string): Promise<string | undefined>;
}
