import type { SourcePosition } from '../../pipelines/port.ts';
import type { Node } from './node.ts';

/** What names mean in one lexical element: its own parameters, the matrix cell, the pipeline. Nothing is inherited. */
export interface Scope {
  /** The value of `parameters.x`, `matrix.x`, `pipeline.x`; undefined when there is no such name here. */
  lookup(name: string): Node | undefined;
  /** What to do about a name that is not there. */
  hint(name: string): string | undefined;
}

export interface ScopeParts {
  parameters?: Map<string, Node> | undefined;
  matrix?: Map<string, Node> | undefined;
  /** `pipeline.*` by full name; absent inside orbs. */
  pipeline?: ((name: string) => Node | undefined) | undefined;
}

export function createScope(parts: ScopeParts): Scope {
  return {
    lookup(name) {
      if (name.startsWith('parameters.')) return parts.parameters?.get(name.slice('parameters.'.length));
      if (name.startsWith('matrix.')) return parts.matrix?.get(name.slice('matrix.'.length));
      if (name.startsWith('pipeline.')) return parts.pipeline?.(name);
      return undefined;
    },
    hint(name) {
      if (name.startsWith('pipeline.') && !parts.pipeline)
        return 'An orb cannot see the pipeline; pass it as a parameter.';
      if (name.startsWith('matrix.') && !parts.matrix) return 'Only a job invoked with "matrix" has matrix values.';
      if (name.startsWith('parameters.')) {
        const names = [...(parts.parameters?.keys() ?? [])];
        return names.length > 0
          ? `Declared here: ${names.join(', ')}.`
          : 'Nothing is declared under "parameters" of this element; pipeline parameters are "pipeline.parameters.x".';
      }
      return undefined;
    },
  };
}

/** A place for what has none, such as a value given by the trigger. */
export const nowhere: SourcePosition = { file: '', line: 1, column: 1 };
