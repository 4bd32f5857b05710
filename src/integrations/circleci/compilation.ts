import { limits } from './limits.ts';
import type { Library } from './node.ts';
import type { Problems } from './problems.ts';
import type { Templating } from './template.ts';

/** What one compilation shares: where problems go, how much may still grow, and whether values are known. */
export interface Compilation {
  problems: Problems;
  /** Linting: parameters and pipeline values are unknown, every branch is walked, orbs that are not at hand are passed over. */
  linting: boolean;
  /** Linting what no workflow may ever reach. */
  unused: boolean;
  /** Version 2.0 files have no templates. */
  templates: boolean;
  budget: { characters: number; steps: number; jobs: number; expansions: number };
  /** Contexts named so far. */
  contexts: Set<string>;
  /** Element names that were used, as `section/library/name`; linting reports the rest. */
  used: Set<string>;
}

export function newCompilation(problems: Problems, linting: boolean): Compilation {
  return {
    problems,
    linting,
    unused: false,
    templates: true,
    budget: {
      characters: limits.templatedCharacters,
      steps: limits.steps,
      jobs: limits.jobs,
      expansions: limits.expansions,
    },
    contexts: new Set(),
    used: new Set(),
  };
}

export function templatingFor(compilation: Compilation, library: Library): Templating {
  const { problems, budget, unused } = compilation;
  return { problems, budget, unused, lenient: library.lenient };
}
