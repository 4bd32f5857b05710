import type { Handlers } from '../../platform/http/contract.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { savedViewOperations } from './operations.ts';
import { changeView, deleteView, listViews, saveView } from './saved-views.ts';

/** The handlers of the operations about saved views. */
export function savedViewHandlers(
  database: Database,
  projectIdOf: (project: string | undefined) => Promise<string | undefined>,
): Handlers<typeof savedViewOperations> {
  return {
    listSavedViews: async ({ query, principal }) => ({
      items: await listViews(database, await projectIdOf(query.project), principal),
    }),
    saveView: async ({ body, principal }) =>
      saveView(database, await projectIdOf(body.project ?? undefined), body, principal),
    changeView: ({ params, body, principal }) => changeView(database, params.viewId, body, principal),
    async deleteView({ params, principal }) {
      await deleteView(database, params.viewId, principal);
      return { done: true as const };
    },
  };
}
