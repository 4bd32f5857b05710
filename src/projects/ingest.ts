import type { ProjectsDeps } from './deps.ts';
import type { Project } from './project.ts';
import * as store from './store.ts';

/** How long an answer is good: intakes ask thousands of times a second, and a deleted project may linger this long. */
const keptMs = 30_000;

/** Which project something that came in is for. All projects are held in memory and read again every 30 s. */
export interface IngestKeys {
  byIngest(ingestId: number, publicKey: string): Promise<Project | undefined>;
  byKey(publicKey: string): Promise<Project | undefined>;
}

export function ingestKeys(deps: Pick<ProjectsDeps, 'database' | 'clock'>): IngestKeys {
  let known = new Map<string, Project>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const read = (): Promise<void> => {
    reading ??= store
      .allProjects(deps.database)
      .then((projects) => {
        known = new Map(projects.map((project) => [project.publicKey, project]));
        readAt = deps.clock.now();
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const byKey = async (publicKey: string): Promise<Project | undefined> => {
    const age = deps.clock.now() - readAt;
    const hit = known.get(publicKey);
    // A project made a moment ago is looked for at once, but wrong keys cost at most one look a second.
    if (age > keptMs || (!hit && age > 1000)) await read();
    return known.get(publicKey);
  };
  return {
    byKey,
    async byIngest(ingestId, publicKey) {
      const project = await byKey(publicKey);
      return project?.ingestId === ingestId ? project : undefined;
    },
  };
}
