import type { DiskRoom } from '../files/disk-room.ts';
import type { Database } from '../postgres/database.ts';
import { sql } from '../postgres/sql.ts';
import { type MountedContract, mount } from './contract.ts';
import { healthContract } from './health-api.ts';

/** How long an answer of the database holds, and how long it is waited for. */
const askedEveryMs = 1000;
const answerMs = 2000;

/** Answers without a person, a session or a store: it is what is left to ask when those are in trouble. */
export function healthRoutes(deps: { database: Database; disk: DiskRoom; now: () => number }): MountedContract {
  let asked: { at: number; answers: Promise<boolean> } | undefined;
  let awaySince: number | null = null;
  const databaseAnswers = (): Promise<boolean> => {
    const now = deps.now();
    if (!asked || now - asked.at > askedEveryMs) asked = { at: now, answers: answers(deps.database) };
    return asked.answers;
  };
  return mount(healthContract, {
    async get() {
      const problems: { code: string; message: string; hint: string; since: string | null }[] = [];
      const { freeBytes, shortSince } = deps.disk.state();
      if (shortSince !== null) {
        problems.push({
          code: 'platform.disk-full',
          message: `The server’s disk is full: ${Math.round(freeBytes / 1e6)} MB are free. Nothing new is taken.`,
          hint: 'Make room on the disk that holds the data directory. Nothing that was acknowledged is lost.',
          since: new Date(shortSince).toISOString(),
        });
      }
      awaySince = (await databaseAnswers()) ? null : (awaySince ?? deps.now());
      if (awaySince !== null) {
        problems.push({
          code: 'platform.store-away',
          message: 'PostgreSQL does not answer.',
          hint: 'The embedded one is started again by itself; the server’s log says why it ended.',
          since: new Date(awaySince).toISOString(),
        });
      }
      return { status: problems.length === 0 ? ('ok' as const) : ('impaired' as const), problems };
    },
  });
}

async function answers(database: Database): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), answerMs);
  });
  try {
    return await Promise.race([database.execute(sql`select 1`).then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
