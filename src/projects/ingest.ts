import type { ProjectsDeps } from './deps.ts';
import type { Project } from './project.ts';
import * as store from './store.ts';

/** How long an answer is good: intakes ask thousands of times a second, and a deleted project may linger this long. */
const keptMs = 30_000;

/** Which project something that came in is for. All projects are held in memory and read again every 30 s. */
export interface IngestKeys {
  /** With a key, only when both belong together; without, whoever asks compares `publicKey` itself. */
  byIngest(ingestId: number, publicKey?: string): Promise<Project | undefined>;
  byKey(publicKey: string): Promise<Project | undefined>;
}

export function ingestKeys(deps: Pick<ProjectsDeps, 'database' | 'clock'>): IngestKeys {
  let byPublicKey = new Map<string, Project>();
  let byNumber = new Map<number, Project>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const read = (): Promise<void> => {
    reading ??= store
      .allProjects(deps.database)
      .then((projects) => {
        byPublicKey = new Map(projects.map((project) => [project.publicKey, project]));
        byNumber = new Map(projects.map((project) => [project.ingestId, project]));
        readAt = deps.clock.now();
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const look = async (find: () => Project | undefined): Promise<Project | undefined> => {
    const age = deps.clock.now() - readAt;
    // A project made a moment ago is looked for at once, but wrong keys cost at most one look a second.
    if (age > keptMs || (!find() && age > 1000)) await read();
    return find();
  };
  return {
    byKey: (publicKey) => look(() => byPublicKey.get(publicKey)),
    byIngest: (ingestId, publicKey) =>
      look(() => {
        const project = byNumber.get(ingestId);
        return publicKey === undefined || project?.publicKey === publicKey ? project : undefined;
      }),
  };
}
