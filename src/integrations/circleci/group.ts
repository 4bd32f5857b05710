import type { SourcePosition } from '../../pipelines/port.ts';
import type { Compilation } from './compilation.ts';
import { type Invocation, readInvocations, type WrittenInvocation } from './invocation.ts';
import { child, type Entry, isNull, type Library, type Node, scalar, textOf } from './node.ts';
import type { Problems } from './problems.ts';
import { checkKeys } from './read.ts';

/** A written invocation, and for a member of a job group what it has from that group. */
export interface FlatInvocation extends WrittenInvocation {
  member?: Pick<Invocation, 'group' | 'named' | 'span'> & Partial<Pick<Invocation, 'name' | 'aliases'>>;
}

const forbidden = ['override-with', 'type', 'context', 'pre-steps', 'post-steps', 'matrix'];
const allowed = ['name', 'requires', 'serial-group', 'filters'];

/**
 * Replaces every invocation of a job group by its members. They are called `group/member`; what requires the group waits for all of
 * them, and members that require nothing inside wait for what the group requires.
 */
export function flattenGroups(
  written: WrittenInvocation[],
  library: Library,
  compilation: Compilation,
): FlatInvocation[] {
  return written.flatMap((one): FlatInvocation[] => {
    const group = library.sections['job-groups'].get(one.job);
    return group && !library.sections.jobs.has(one.job) ? members(one, group, library, compilation) : [one];
  });
}

function members(one: WrittenInvocation, group: Entry, library: Library, compilation: Compilation): FlatInvocation[] {
  const { problems } = compilation;
  for (const [key, { keyAt }] of one.settings) {
    const at = key === 'context' ? one.at : keyAt;
    if (forbidden.includes(key)) problems.error(at, `Job group invocations do not support use of \`${key}\``);
    else if (!allowed.includes(key)) problems.error(one.at, `Job group "${one.job}" has no parameter "${key}"`);
  }
  const inner = groupMembers(one.job, group, library, compilation);
  const nameNode = one.settings.get('name')?.value;
  const name = nameNode?.kind === 'scalar' && !isNull(nameNode) ? textOf(nameNode) : one.job;
  const inside = new Set(inner.flatMap((member) => [member.job, nameOf(member)]));
  return inner.map((member) => {
    const settings = new Map(member.settings);
    settings.set('name', { keyAt: member.at, value: scalar(`${name}/${nameOf(member)}`, member.at) });
    const requires = settings.get('requires');
    if (requires) settings.set('requires', { ...requires, value: prefixed(requires.value, name, inside, problems) });
    else if (one.settings.has('requires')) settings.set('requires', one.settings.get('requires')!);
    for (const key of ['serial-group', 'filters']) {
      const entry = one.settings.get(key);
      if (entry && !settings.has(key)) settings.set(key, entry);
    }
    const span = one.settings.has('serial-group') ? name : undefined;
    return { ...member, settings, member: { group: name, named: true, aliases: new Set([name]), span } };
  });
}

/** The members of a group as written; groups inside groups and locks inside groups are reported. */
export function groupMembers(
  name: string,
  group: Entry,
  library: Library,
  compilation: Compilation,
): WrittenInvocation[] {
  const { problems } = compilation;
  if (group.value.kind !== 'map') {
    problems.error(group.keyAt, `Job group "${name}" must be a map with "jobs"`);
    return [];
  }
  checkKeys(group.value, ['jobs', 'description', 'parameters'], `Job group "${name}"`, problems);
  const inner = readInvocations(child(group.value, 'jobs'), group.keyAt, `Job group "${name}"`, compilation);
  return inner.filter((member) => {
    const lock = member.settings.get('serial-group');
    if (lock) {
      problems.error(
        lock.value.at,
        'Use of `serial-group` on job invocations inside a job-group is not supported',
        'Put it on the invocation of the group.',
      );
    }
    const nested = library.sections['job-groups'].has(member.job) && !library.sections.jobs.has(member.job);
    if (nested) {
      problems.error(member.at, `Job group "${name}" cannot reference job group "${member.job}"; groups do not nest`);
    }
    return !nested;
  });
}

function nameOf(member: WrittenInvocation): string {
  const name = member.settings.get('name')?.value;
  return name?.kind === 'scalar' && name.value !== null ? textOf(name) : member.job;
}

/** Requirements of a member as the names its group gives to members; one that is none of them is reported. */
function prefixed(node: Node, group: string, inside: Set<string>, problems: Problems): Node {
  if (node.kind === 'list') {
    return { ...node, items: node.items.map((item) => prefixed(item, group, inside, problems)) };
  }
  const rename = (name: string, at: SourcePosition): string => {
    if (!inside.has(name) && !name.includes('<<')) {
      problems.error(at, `"${name}" is not a member of the job group "${group}"`);
    }
    return `${group}/${name}`;
  };
  if (node.kind === 'scalar') return isNull(node) ? node : scalar(rename(textOf(node), node.at), node.at);
  const entries = [...node.entries].map(([key, entry]): [string, Entry] => [rename(key, entry.keyAt), entry]);
  return { ...node, entries: new Map(entries) };
}
