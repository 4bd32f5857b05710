import type { PipelineDialect } from '../../pipelines/port.ts';
import { compileCircleci } from './compile.ts';
import { lintCircleci, lintWithOrbs } from './lint.ts';
import type { OrbShelf } from './port.ts';
import { directoryShelf } from './shelves.ts';

export type { OrbShelf } from './port.ts';
export { directoryShelf, lintWithOrbs };

/** CircleCI's configuration, versions 2 and 2.1. `shelves` are asked for registry orbs after the repository's own. */
export function createCircleciDialect(shelves: OrbShelf[] = []): PipelineDialect {
  return {
    name: 'circleci',
    files: ['.circleci/config.yml', '.circleci/config.yaml'],
    compile: (source) => compileCircleci(source, shelves),
    lint: (file, text) => lintCircleci(file, text),
  };
}
