import { createHash } from 'node:crypto';
import { RE2JS } from 're2js';
import { z } from 'zod';

export type Labels = ReadonlyMap<string, string>;

/** Changes the labels of a target or of a sample; undefined drops it. */
export type Relabel = (labels: Labels) => Map<string, string> | undefined;

const name = z.string().regex(/^[A-Za-z_]\w*$/, 'must be the name of a label');
const actions = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

/** One entry of `relabel_configs` or `metric_relabel_configs`, as Prometheus writes them. */
export const relabelConfig = z
  .strictObject({
    source_labels: z.array(name).default([]),
    separator: z.string().default(';'),
    regex: z.coerce.string().default('(.*)'),
    modulus: z.number().int().positive().optional(),
    /** May hold `$1`. */
    target_label: z.string().optional(),
    replacement: z.coerce.string().default('$1'),
    action: z
      .string()
      .transform((action) => action.toLowerCase())
      .pipe(z.enum(actions))
      .default('replace'),
  })
  .superRefine((config, context) => {
    const { action, target_label: target, modulus } = config;
    const names = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'];
    if (names.includes(action) && !target)
      context.addIssue({ code: 'custom', path: ['target_label'], message: `is needed for ${action}` });
    if (action === 'hashmod' && !modulus)
      context.addIssue({ code: 'custom', path: ['modulus'], message: 'is needed for hashmod' });
    try {
      RE2JS.compile(config.regex);
    } catch (error) {
      context.addIssue({ code: 'custom', path: ['regex'], message: (error as Error).message });
    }
  });

type Config = z.output<typeof relabelConfig>;
type Step = (labels: Map<string, string>) => boolean;

/** Compiles a list of rules, carried out in order. */
export function relabelBy(configs: readonly Config[]): Relabel {
  const steps = configs.map(stepOf);
  return (labels) => {
    const own = new Map(labels);
    return steps.every((step) => step(own)) ? own : undefined;
  };
}

/** Groups of a match in a replacement: `$1`, `${1}`, `${name}`; `$$` is a dollar. */
function expand(replacement: string, groupOf: (name: string) => string): string {
  return replacement.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar, braced, plain) =>
    dollar ? '$' : groupOf(braced ?? plain),
  );
}

function stepOf(config: Config): Step {
  const { action, replacement, target_label: target = '', modulus = 1 } = config;
  // The whole text must match.
  const regex = RE2JS.compile(`^(?s:${config.regex})$`);
  const matched = (text: string): ((group: string) => string) | undefined => {
    const matcher = regex.matcher(text);
    if (!matcher.find()) return undefined;
    return (group) => {
      if (!/^\d+$/.test(group)) return group in regex.namedGroups() ? (matcher.group(group) ?? '') : '';
      return Number(group) <= matcher.groupCount() ? (matcher.group(Number(group)) ?? '') : '';
    };
  };
  const source = (labels: Labels): string =>
    config.source_labels.map((label) => labels.get(label) ?? '').join(config.separator);
  /** A label without a value is none. */
  const put = (labels: Map<string, string>, label: string, value: string): true => {
    if (value === '') labels.delete(label);
    else labels.set(label, value);
    return true;
  };
  switch (action) {
    case 'keep':
      return (labels) => matched(source(labels)) !== undefined;
    case 'drop':
      return (labels) => matched(source(labels)) === undefined;
    case 'keepequal':
      return (labels) => source(labels) === (labels.get(target) ?? '');
    case 'dropequal':
      return (labels) => source(labels) !== (labels.get(target) ?? '');
    case 'hashmod':
      return (labels) => put(labels, target, String(hashOf(source(labels)) % BigInt(modulus)));
    case 'lowercase':
      return (labels) => put(labels, target, source(labels).toLowerCase());
    case 'uppercase':
      return (labels) => put(labels, target, source(labels).toUpperCase());
    case 'labelmap':
      return (labels) => {
        for (const [label, value] of [...labels]) {
          const groups = matched(label);
          if (groups) put(labels, expand(replacement, groups), value);
        }
        return true;
      };
    case 'labeldrop':
    case 'labelkeep':
      return (labels) => {
        for (const label of [...labels.keys()])
          if ((matched(label) !== undefined) === (action === 'labeldrop')) labels.delete(label);
        return true;
      };
    default:
      return (labels) => {
        const groups = matched(source(labels));
        if (!groups) return true;
        const label = expand(target, groups);
        return /^[A-Za-z_]\w*$/.test(label) ? put(labels, label, expand(replacement, groups)) : true;
      };
  }
}

/** The last eight bytes of the MD5, as upstream shards by. */
const hashOf = (text: string): bigint => createHash('md5').update(text).digest().readBigUInt64BE(8);
