import { ask, type Item } from '../../app/api.ts';

export type Environment = Item<'deployments', 'listEnvironments'>;

const unsettledMs = 3000;
const settledMs = 30_000;

/** How soon to look again: an instance that comes up by itself is no fact, so what is not well is asked for. */
export function lookAgainMs(environments: readonly Environment[] | undefined): number {
  const settled = environments?.every((one) => one.release === null || one.health === 'healthy') ?? true;
  return settled ? settledMs : unsettledMs;
}

/** Environments of a project, or of all, with health that follows what runs. */
export function environmentsQuery(project: string | undefined) {
  const query = ask('deployments', 'listEnvironments', { query: { project } });
  return {
    ...query,
    refetchInterval: ({ state }: { state: { data: { items: Environment[] } | undefined } }) =>
      lookAgainMs(state.data?.items),
  };
}
