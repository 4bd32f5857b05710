import type { GroupedFile } from '../errors/group-file.ts';
import type { Terminal } from './terminal.ts';

export type GroupedEvent = GroupedFile & { file: string };
type Tree = NonNullable<GroupedFile['variants'][number]['tree']>;

/** The human form: what decides, and the tree of parts with the reason for each that does not take part. */
export function groupingReport(event: GroupedEvent, terminal: Pick<Terminal, 'paint'>): string[] {
  const { paint } = terminal;
  return [
    `${event.file}: ${event.title}`,
    `  ${event.summary}`,
    ...event.problems.map(({ line, message }) => paint('red', `  line ${line} of the rules: ${message}`)),
    ...event.variants.flatMap((variant) => [
      `  ${paint(variant.contributes ? 'green' : 'grey', variant.name)} ${variant.hash ?? 'not used'}` +
        (variant.hint === null ? '' : paint('grey', ` (${variant.hint})`)),
      ...(variant.fingerprint ? [`    fingerprint ${variant.fingerprint.join(' ')}`] : []),
      ...(variant.tree && variant.contributes ? treeLines(variant.tree, 4, paint) : []),
    ]),
  ];
}

function treeLines(node: Tree, indent: number, paint: Terminal['paint']): string[] {
  const texts = node.values.filter((value) => typeof value === 'string').map((text) => JSON.stringify(text));
  const hint = node.hint === null ? '' : ` (${node.hint})`;
  const line = `${' '.repeat(indent)}${node.contributes ? '*' : ' '} ${[node.id, ...texts].join(' ')}`;
  return [
    node.contributes ? line + paint('grey', hint) : paint('grey', line + hint),
    ...node.values.flatMap((value) => (typeof value === 'string' ? [] : treeLines(value, indent + 2, paint))),
  ];
}
