import type { Queryable } from '../../platform/postgres/database.ts';
import type { ErrorReport } from '../report.ts';
import { openSourceMap, type SourceMap } from './source-map.ts';
import { findMap, hasMaps } from './store-artifacts.ts';
import { mapKeys, nameOf, symbolicate } from './symbolicate.ts';

/** Maps of all projects, opened ones remembered for a while. */
export interface MapBook {
  /** The report with its scripts' frames as they were written, as far as their maps are here. */
  symbolicated(projectId: string, report: ErrorReport): Promise<ErrorReport>;
  /** A bundle just came: what was missing may be there. */
  forget(): void;
}

/** Text of opened maps held at a time (UTF-16 units), and how long an absence is remembered (ms). */
const heldText = 64 * 1024 * 1024;
const absentFor = 5000;

export function createMapBook(db: Queryable, now: () => number): MapBook {
  const opened = new Map<string, { map: SourceMap | null; size: number; until: number }>();
  const projects = new Map<string, { has: boolean; until: number }>();
  let held = 0;

  const projectHas = async (projectId: string): Promise<boolean> => {
    const known = projects.get(projectId);
    if (known && known.until > now()) return known.has;
    const has = await hasMaps(db, projectId);
    if (projects.size > 10_000) projects.clear();
    projects.set(projectId, { has, until: now() + absentFor });
    return has;
  };

  const forgetOldest = (): void => {
    for (const [name, entry] of opened) {
      if (held <= heldText && opened.size <= 10_000) return;
      opened.delete(name);
      held -= entry.size;
    }
  };

  return {
    async symbolicated(projectId, report) {
      const keys = mapKeys(report);
      if (keys.length === 0 || !(await projectHas(projectId))) return report;
      const maps = new Map<string, SourceMap | null>();
      for (const key of keys) {
        const name = `${projectId} ${nameOf(key)}`;
        let entry = opened.get(name);
        if (entry) {
          opened.delete(name);
          held -= entry.size;
        }
        if (!entry || entry.until < now()) {
          const text = await findMap(db, projectId, key);
          const map = text === null ? null : openSourceMap(text);
          entry = { map, size: text?.length ?? 0, until: map ? Number.POSITIVE_INFINITY : now() + absentFor };
        }
        opened.set(name, entry);
        held += entry.size;
        maps.set(nameOf(key), entry.map);
        forgetOldest();
      }
      return symbolicate(report, (key) => maps.get(nameOf(key)) ?? null);
    },
    forget() {
      opened.clear();
      projects.clear();
      held = 0;
    },
  };
}
