import { Document, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { SourcePosition } from '../../pipelines/port.ts';
import { child, type Dict, type Entry, isNull, isPointed, type Node, scalar } from './node.ts';

/** One workflow of a flat file: what is left once everything is expanded. */
export interface FlatWorkflow {
  name: string;
  settings: Map<string, Entry>;
  jobs: FlatInvocation[];
}

export interface FlatInvocation {
  name: string;
  /** Its body; absent for what is defined by the invocation alone, such as approvals. */
  body: Dict | undefined;
  settings: Map<string, Entry>;
  at: SourcePosition;
  /** Names it requires that may be renamed with the jobs they mean. */
  requires: { name: string; outcomes: string[] }[];
}

/** A step as a flat file holds it: a bare name when it has no settings. */
export function flatStep(name: string, settings: Dict): Node {
  const entries = new Map([...settings.entries].filter(([, { value }]) => !isNull(value)));
  if (entries.size === 0) return scalar(name, settings.at);
  const value: Dict = { ...settings, entries: withEnvironment(entries) };
  return { kind: 'map', at: settings.at, entries: new Map([[name, { keyAt: settings.at, value }]]) };
}

/** Entries of a job or step in which an environment holds `<nil>` for pipeline values that are empty, as CircleCI prints it. */
export function withEnvironment(entries: Map<string, Entry>): Map<string, Entry> {
  const environment = entries.get('environment');
  if (environment?.value.kind !== 'map') return entries;
  const filled = [...environment.value.entries].map(([name, entry]): [string, Entry] => {
    const { value } = entry;
    const empty = value.kind === 'scalar' && value.builtin === true && value.value === null;
    return [name, empty ? { ...entry, value: scalar('<nil>', value.at) } : entry];
  });
  const value: Dict = { ...environment.value, entries: new Map(filled) };
  return new Map(entries).set('environment', { ...environment, value });
}

/**
 * The whole as CircleCI's own YAML of version 2. Jobs of several workflows that share a name and differ are numbered, as
 * CircleCI does; those that are equal are one. `comments` stand at the top.
 */
export function printFlat(workflows: FlatWorkflow[], setup: boolean, comments: string[]): string {
  const { jobs, renamed } = shareJobs(workflows);
  const root = new Map<string, unknown>([['version', 2]]);
  if (setup) root.set('setup', true);
  root.set('jobs', jobs);
  const flows = new Map<string, unknown>();
  for (const workflow of workflows) {
    const rename = (name: string): string => renamed.get(workflow)?.get(name) ?? name;
    const body = new Map<string, unknown>();
    for (const [key, { value }] of workflow.settings) body.set(key, plain(value));
    body.set(
      'jobs',
      workflow.jobs.map((job) => invocation(job, rename)),
    );
    flows.set(workflow.name, body);
  }
  flows.set('version', 2);
  root.set('workflows', flows);
  const document = new Document(null, { version: '1.1' });
  document.contents = written(root) as typeof document.contents;
  const text = document.toString({ lineWidth: 0, directives: false });
  return `${comments.map((line) => `# ${line}\n`).join('')}${text}`;
}

/** Plain values as YAML, keys in order. */
function written(value: unknown): YAMLMap | YAMLSeq | Scalar {
  if (value instanceof Map) {
    const map = new YAMLMap();
    for (const [key, one] of value) map.items.push(new Pair(new Scalar(key), written(one)));
    return map;
  }
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    for (const one of value) list.items.push(written(one));
    return list;
  }
  const scalar = value instanceof Scalar ? value : new Scalar(value);
  // Of a block text that begins with blanks old readers mistake the indentation.
  if (typeof value === 'string' && /^[ \n]/.test(value)) scalar.type = 'QUOTE_DOUBLE';
  return scalar;
}

/** So many ways there are in which a job ends. */
const everyOutcome = 5;

function invocation(job: FlatInvocation, rename: (name: string) => string): unknown {
  const settings = new Map<string, unknown>();
  const requires = job.requires.map(({ name, outcomes }) => {
    if (outcomes.length === 1 && outcomes[0] === 'success') return rename(name);
    const ends = outcomes.length === everyOutcome ? 'terminal' : outcomes;
    return new Map([[rename(name), outcomes.length === 1 ? outcomes[0] : ends]]);
  });
  for (const [key, { value }] of job.settings) settings.set(key, plain(value));
  if (requires.length > 0) settings.set('requires', requires);
  return settings.size === 0 ? rename(job.name) : new Map([[rename(job.name), settings]]);
}

/** One body for each name; where bodies of one name differ between workflows, each gets a number. */
function shareJobs(workflows: FlatWorkflow[]): {
  jobs: Map<string, unknown>;
  renamed: Map<FlatWorkflow, Map<string, string>>;
} {
  const bodies = new Map<string, Map<string, { body: unknown; users: FlatWorkflow[] }>>();
  for (const workflow of workflows) {
    for (const { name, body } of workflow.jobs) {
      if (!body) continue;
      const json = plain(body);
      const variants = bodies.get(name) ?? new Map<string, { body: unknown; users: FlatWorkflow[] }>();
      const text = JSON.stringify(json, (_, value) => (value instanceof Map ? [...value] : value));
      const known = variants.get(text) ?? { body: json, users: [] };
      known.users.push(workflow);
      bodies.set(name, variants.set(text, known));
    }
  }
  const jobs = new Map<string, unknown>();
  const renamed = new Map<FlatWorkflow, Map<string, string>>();
  for (const [name, variants] of bodies) {
    for (const [index, { body, users }] of [...variants.values()].entries()) {
      const own = variants.size === 1 ? name : `${name}-${index + 1}`;
      jobs.set(own, body);
      for (const user of users) renamed.set(user, (renamed.get(user) ?? new Map()).set(name, own));
    }
  }
  return { jobs, renamed };
}

/** A node as plain values, maps kept in order. */
function plain(node: Node): unknown {
  if (node.kind === 'scalar') {
    if (!isPointed(node)) return node.value;
    const number = new Scalar(node.value);
    number.minFractionDigits = 1;
    return number;
  }
  if (node.kind === 'list') return node.items.map(plain);
  return new Map([...node.entries].map(([key, entry]) => [key, plain(entry.value)]));
}

/** Settings of a map but those named, which have a value. */
export function settingsBut(node: Node, leave: readonly string[]): Map<string, Entry> {
  if (node.kind !== 'map') return new Map();
  return new Map([...node.entries].filter(([key]) => !leave.includes(key) && !isNull(child(node, key))));
}
