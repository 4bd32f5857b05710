import { type Document, isMap, isNode, isPair, type LineCounter } from 'yaml';
import type { z } from 'zod';
import type { Diagnostic } from '../kernel/diagnostics.ts';
import { nearest } from '../kernel/nearest.ts';
import { type MillraceFile, millraceFileLimits, type Written } from './millrace-file.ts';

/** Where the words of a file stand. */
export interface Source {
  document: Document;
  lines: LineCounter;
  file: string;
}

const usualPipeline = '.circleci/config.yml';

/** Sections that the file may have and that this version does nothing with: told, so that nobody relies on them. */
const notYet = {
  pipeline: {
    message: `the pipeline is read from ${usualPipeline}, or derived from what the repository holds`,
    hint: `Move the file to ${usualPipeline}.`,
  },
  infrastructure: {
    message: 'this version runs no Terraform',
    hint: 'A pipeline job can run it meanwhile.',
  },
  configuration: {
    message: 'this version runs no Ansible',
    hint: 'A pipeline job can run it meanwhile.',
  },
  monitoring: {
    message: 'this version reads no Nagios files',
    hint: 'Deployed addresses are watched by themselves; further checks are made under Monitoring.',
  },
  alerts: {
    message: 'this version reads no alert conditions from files',
    hint: 'They are made under Alerts, or with the API.',
  },
} as const;

/** Line and column, from 1, of an offset. */
export const position = (lines: LineCounter, offset: number): { line: number; column: number } => {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
};

/** Where a path of the document stands: the key of its last part, else the nearest node above it. */
function locate(document: Document, lines: LineCounter, path: PropertyKey[]): { line?: number; column?: number } {
  for (let length = path.length; length >= 0; length -= 1) {
    const parent = length === 0 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (length > 0 && isMap(parent)) {
      const last = path[length - 1];
      const pair = parent.items.find((item) => isPair(item) && isNode(item.key) && String(item.key) === String(last));
      if (pair && isNode(pair.key) && pair.key.range) return position(lines, pair.key.range[0]);
    }
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return position(lines, node.range[0]);
  }
  return {};
}

/** Names of the fields that may stand at a path. */
function fieldsAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  type Node = { properties?: Record<string, Node>; additionalProperties?: Node; items?: Node; anyOf?: Node[] };
  const [first, ...rest] = path;
  const node = schema as Node | undefined;
  if (!node || typeof node !== 'object') return [];
  const branches = node.anyOf ?? [];
  if (branches.length > 0) return branches.flatMap((branch) => fieldsAt(branch, path));
  if (first === undefined) return Object.keys(node.properties ?? {});
  return fieldsAt(
    typeof first === 'number' ? node.items : (node.properties?.[String(first)] ?? node.additionalProperties),
    rest,
  );
}

function hintFor(key: string, known: string[]): string {
  const near = nearest(key, known);
  return near ? `Did you mean "${near}"?` : `Known here: ${known.join(', ')}. Fields of your own begin with "x-".`;
}

/** A breach of the schema, with its place and, for a field that does not exist, the one that may be meant. */
export function describeIssue(issue: z.core.$ZodIssue, schema: Record<string, unknown>, source: Source): Diagnostic[] {
  const { document, lines, file } = source;
  const where = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      severity: 'error',
      file,
      ...locate(document, lines, [...issue.path, key]),
      message: `"${key}" is not a field of ${where === '' ? 'millrace.yaml' : where}`,
      hint: hintFor(key, fieldsAt(schema, issue.path)),
    }));
  }
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [
    {
      severity: 'error',
      file,
      ...locate(document, lines, issue.path),
      message: `${where === '' ? 'The file' : where}: ${message}`,
    },
  ];
}

/** What no schema can say: environments that feed each other in a circle, and what is understood and not carried out. */
export function crossCheck(filled: MillraceFile, written: Written, source: Source): Diagnostic[] {
  const { document, lines, file } = source;
  const problems: Diagnostic[] = [];
  const at = (path: PropertyKey[]) => ({ file, ...locate(document, lines, path) });
  for (const [key, what] of Object.entries(notYet)) {
    const value = written[key as keyof typeof notYet];
    if (value === undefined || (key === 'pipeline' && [value].flat().every((path) => path === usualPipeline))) continue;
    problems.push({
      severity: 'warning',
      ...at([key]),
      message: `"${key}" has no effect yet: ${what.message}`,
      hint: what.hint,
    });
  }
  const count = Object.keys(written.environments ?? {}).length;
  if (count > millraceFileLimits.environments) {
    const message = `There are ${count} environments; at most ${millraceFileLimits.environments} are possible`;
    problems.push({ severity: 'error', ...at(['environments']), message });
  }
  for (const [key, environment] of Object.entries(written.environments ?? {})) {
    if (environment?.from === 'pull-requests' || environment?.expires !== undefined) {
      const message = `Environment "${key}" is not made: preview environments are not supported by this version`;
      problems.push({ severity: 'warning', ...at(['environments', key]), message });
    }
  }
  const feeders = new Map(
    filled.environments.flatMap((each) => (each.from.kind === 'environment' ? [[each.name, each.from.name]] : [])),
  );
  for (const start of feeders.keys()) {
    const seen = new Set<string>();
    let next: string | undefined = start;
    while (next !== undefined && !seen.has(next)) {
      seen.add(next);
      next = feeders.get(next);
    }
    if (next === start) {
      problems.push({
        severity: 'error',
        ...at(['environments', start, 'from']),
        message: `Environment "${start}" is fed by itself: ${[...seen, start].join(' from ')}`,
        hint: 'Let one of them be fed by a branch.',
      });
    }
  }
  return problems;
}
