import type { PipelineDialect } from '../../pipelines/port.ts';
import { compileCircleci, processCircleci } from './compile.ts';
import { lintCircleci, lintWithOrbs } from './lint.ts';
import { lockFile } from './orb-lock.ts';
import { pinOrbs } from './orb-pin.ts';
import { createOrbRemote, remoteSettings } from './orb-remote.ts';
import type { OrbSources } from './port.ts';
import { directoryShelf } from './shelves.ts';
import { surveyCircleci } from './survey.ts';

export type { OrbShelf, OrbSources } from './port.ts';
export type { Survey } from './survey.ts';
export { directoryShelf, lintWithOrbs, lockFile, pinOrbs, processCircleci, surveyCircleci };

/** CircleCI's configuration, versions 2 and 2.1. `orbs` are asked for orbs after the repository's own. */
export function createCircleciDialect(orbs: OrbSources = { shelves: [] }): PipelineDialect {
  return {
    name: 'circleci',
    files: ['.circleci/config.yml', '.circleci/config.yaml'],
    compile: (source) => compileCircleci(source, orbs),
    lint: (file, text) => lintCircleci(file, text),
  };
}

/**
 * Where orbs come from as the environment says: mirrors (`MILLRACE_ORB_PATH`, several separated by ":"), then, unless
 * `offline`, the public registry and addresses that are allowed. What was fetched is kept below `cacheDir`.
 */
export function orbSources(
  env: NodeJS.ProcessEnv,
  options: { cacheDir?: string | undefined; offline?: boolean | undefined } = {},
): OrbSources {
  const mirrors = (env.MILLRACE_ORB_PATH ?? '').split(':').filter((path) => path !== '');
  return {
    shelves: mirrors.map(directoryShelf),
    remote: options.offline ? undefined : createOrbRemote(remoteSettings(env, options.cacheDir)),
  };
}
