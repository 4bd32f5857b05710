import type { ServiceSpec } from '../deployments/port.ts';
import type { Diagnostic } from '../kernel/diagnostics.ts';
import type { SourceTree } from '../pipelines/port.ts';

/** What would be deployed from a working tree, and where to. */
export interface Outlook {
  /** Where the services were found, or why there are none. */
  found: string;
  services: ServiceSpec[];
  environments: { name: string; from: { kind: 'branch' | 'environment'; name: string }; approval: boolean }[];
  problems: Diagnostic[];
}

/** Reads `millrace.yaml` and the services of a working tree, as the server does for a release. */
export async function readOutlook(tree: SourceTree, defaultBranch: string): Promise<Outlook> {
  const [{ readMillraceFile }, { composeLoader }] = await Promise.all([
    import('../deployments/read-millrace-file.ts'),
    import('../integrations/compose/index.ts'),
  ]);
  const name = (await tree.read('millrace.yaml')) === undefined ? 'millrace.yml' : 'millrace.yaml';
  const { file, problems } = readMillraceFile(await tree.read(name), { defaultBranch, file: name });
  const loaded = await composeLoader.load(tree, file.services);
  return {
    found: loaded.found,
    services: loaded.services,
    environments: loaded.services.length === 0 ? [] : file.environments,
    problems: [...problems, ...loaded.problems],
  };
}
