import type { PlannedStep } from '../../pipelines/port.ts';
import { child, type Dict, describe, type Entry, isNull, isUnknown, type Node } from './node.ts';
import type { Problems } from './problems.ts';
import { checkKeys, readBoolean, readDuration, readEnvironment, readInteger, readText, readTexts } from './read.ts';

type When = PlannedStep['when'];
type Common = { name: string; when: When; source: Entry['keyAt'] };
type Builder = (step: StepSource, common: Common, problems: Problems) => PlannedStep[];

/** One built-in step as written. */
interface StepSource {
  name: string;
  body: Dict;
  entry: Entry;
}

const defaultSilenceMs = 10 * 60_000;
const everyStep = ['name', 'when', 'description'];

/** Steps that CircleCI has built in, `when`, `unless` and `steps` apart. */
const builders: Record<string, { keys: string[]; title: string; when?: When; build: Builder }> = {
  run: {
    keys: [
      'command',
      'shell',
      'environment',
      'background',
      'working_directory',
      'no_output_timeout',
      'max_auto_reruns',
      'auto_rerun_delay',
    ],
    title: '',
    build: runStep,
  },
  checkout: { keys: ['path', 'method', 'depth'], title: 'Checkout code', build: checkoutStep },
  save_cache: {
    keys: ['key', 'paths', 'cache_type'],
    title: 'Saving cache',
    build: (step, common, problems) => {
      const key = required(step, 'key', problems);
      const paths = readTexts(need(step, 'paths', problems), '"paths"', problems) ?? [];
      return [{ ...common, kind: 'save_cache', key, paths }];
    },
  },
  restore_cache: { keys: ['key', 'keys', 'cache_type'], title: 'Restoring cache', build: restoreStep },
  persist_to_workspace: {
    keys: ['root', 'paths'],
    title: 'Persisting to workspace',
    build: (step, common, problems) => {
      const root = required(step, 'root', problems);
      const paths = readTexts(need(step, 'paths', problems), '"paths"', problems) ?? [];
      return [{ ...common, kind: 'persist_to_workspace', root, paths }];
    },
  },
  attach_workspace: {
    keys: ['at'],
    title: 'Attaching workspace',
    build: (step, common, problems) => {
      const at = required(step, 'at', problems);
      return [{ ...common, kind: 'attach_workspace', at }];
    },
  },
  store_artifacts: {
    keys: ['path', 'destination'],
    title: 'Uploading artifacts',
    when: 'always',
    build: (step, common, problems) => {
      const path = required(step, 'path', problems);
      const destination = readText(child(step.body, 'destination'), '"destination"', problems);
      return [{ ...common, kind: 'store_artifacts', path, destination }];
    },
  },
  store_test_results: {
    keys: ['path'],
    title: 'Uploading test results',
    when: 'always',
    build: (step, common, problems) => {
      const path = required(step, 'path', problems);
      return [{ ...common, kind: 'store_test_results', path }];
    },
  },
  setup_remote_docker: {
    keys: ['version', 'docker_layer_caching', 'prefer_same_region', 'exclusive', 'reusable'],
    title: 'Setup a remote Docker engine',
    build: ({ body }, common, problems) => {
      readBoolean(child(body, 'docker_layer_caching'), '"docker_layer_caching"', problems);
      return [{ ...common, kind: 'setup_remote_docker' }];
    },
  },
  add_ssh_keys: {
    keys: ['fingerprints'],
    title: 'Installing additional SSH keys',
    build: (step, common, problems) => {
      const fingerprints = readTexts(child(step.body, 'fingerprints'), '"fingerprints"', problems) ?? [];
      return [{ ...common, kind: 'add_ssh_keys', fingerprints }];
    },
  },
  install_signing_bundle: {
    keys: ['bundle_id', 'bundle-id'],
    title: 'Install signing bundle',
    build: ({ entry }, _common, problems) => {
      problems.warning(entry.keyAt, 'Millrace has no macOS machines; the signing bundle is passed over');
      return [];
    },
  },
};
builders.deploy = builders.run!;

export const builtinNames = Object.keys(builders);

/** A step once commands are expanded: its settings as a flat file holds them, and what is planned of it (nothing, or one). */
export interface FlatStep {
  name: string;
  settings: Dict;
  planned: PlannedStep[];
}

/** A built-in step with its short form spelled out; nothing when it cannot be read, which is reported. */
export function builtinStep(name: string, entry: Entry, problems: Problems): FlatStep[] {
  const builder = builders[name]!;
  const { value } = entry;
  if (isUnknown(value)) return [];
  const short = builder.build === runStep && value.kind === 'scalar' && !isNull(value);
  if (value.kind !== 'map' && !short && !isNull(value)) {
    problems.error(value.at, `"${name}" needs a map of its settings, not ${describe(value)}`);
    return [];
  }
  const entries: Dict['entries'] = short ? new Map([['command', { keyAt: entry.keyAt, value }]]) : new Map();
  const body: Dict = value.kind === 'map' ? value : { kind: 'map', at: entry.keyAt, entries };
  checkKeys(body, [...builder.keys, ...everyStep], `"${name}"`, problems, true);
  const common = base(body, builder.title, entry, problems, builder.when ?? 'on_success');
  return [{ name, settings: body, planned: builder.build({ name, body, entry }, common, problems) }];
}

function runStep(step: StepSource, common: Common, problems: Problems): PlannedStep[] {
  const { body } = step;
  if (step.name === 'deploy') problems.note(step.entry.keyAt, '"deploy" is an old name of "run"', 'Write "run".');
  const command = readText(need(step, 'command', problems), '"command"', problems);
  const background = readBoolean(child(body, 'background'), '"background"', problems) ?? false;
  const reruns = body.entries.get('max_auto_reruns');
  const maxAutoReruns = readInteger(reruns?.value, '"max_auto_reruns"', problems);
  if (maxAutoReruns !== undefined && (maxAutoReruns < 1 || maxAutoReruns > 5)) {
    problems.error(reruns?.keyAt, 'max_auto_reruns must be between 1 and 5');
  }
  if (background && maxAutoReruns !== undefined) {
    problems.error(
      reruns?.keyAt,
      'Background steps run once; "max_auto_reruns" cannot be given with "background: true" (max_auto_reruns)',
    );
  }
  if (command === undefined) return [];
  const silence = readDuration(child(body, 'no_output_timeout'), '"no_output_timeout"', problems);
  return [
    {
      ...common,
      name: common.name || firstLine(command),
      kind: 'run',
      command,
      shell: readText(child(body, 'shell'), '"shell"', problems),
      environment: readEnvironment(child(body, 'environment'), problems, true),
      background,
      workingDirectory: readText(child(body, 'working_directory'), '"working_directory"', problems),
      noOutputTimeoutMs: silence ?? defaultSilenceMs,
      maxAutoReruns,
      autoRerunDelayMs: rerunDelay(body, background, maxAutoReruns, problems),
    },
  ];
}

function rerunDelay(
  body: Dict,
  background: boolean,
  reruns: number | undefined,
  problems: Problems,
): number | undefined {
  const entry = body.entries.get('auto_rerun_delay');
  const text = readText(entry?.value, '"auto_rerun_delay"', problems);
  if (entry === undefined || text === undefined) return undefined;
  const match = /^([1-9]\d*)(s|m)$/.exec(text);
  if (!match) {
    const valid = /^\d+(?:s|m)$/.test(text)
      ? 'be in the format "30s" or "5m" and more than nothing'
      : 'be a valid duration such as "30s" or "5m"';
    problems.error(entry.keyAt, `auto_rerun_delay must ${valid}, not "${text}"`);
    return undefined;
  }
  const ms = Number(match[1]) * (match[2] === 's' ? 1000 : 60_000);
  if (ms > 10 * 60_000) problems.error(entry.keyAt, `auto_rerun_delay must be at most 10 minutes, not "${text}"`);
  if (reruns === undefined || background) {
    problems.error(entry.keyAt, 'auto_rerun_delay means something only together with "max_auto_reruns"');
  }
  return ms;
}

function checkoutStep(step: StepSource, common: Common, problems: Problems): PlannedStep[] {
  const { body, entry } = step;
  const methodText = readText(child(body, 'method'), '"method"', problems);
  const methods = ['blobless', 'full', 'shallow'] as const;
  const method = methods.find((one) => one === methodText);
  if (methodText !== undefined && !method) {
    problems.error(entry.keyAt, `Checkout method "${methodText}" is not one of blobless, full and shallow`);
  }
  const depth = child(body, 'depth');
  if (!isNull(depth) && methodText !== 'shallow' && !isUnknown(child(body, 'method'))) {
    problems.error(entry.keyAt, 'Checkout depth can only be used with the method shallow');
  }
  if (method === 'shallow' && isNull(depth)) {
    problems.error(entry.keyAt, 'Checkout method shallow needs "depth", a whole number');
  }
  const commits = readInteger(depth, '"depth"', problems);
  if (commits !== undefined && commits < 1) problems.error(entry.keyAt, 'Checkout depth must be 1 or more');
  const path = readText(child(body, 'path'), '"path"', problems);
  return [{ ...common, kind: 'checkout', path, method, ...(method === 'shallow' ? { depth: commits } : {}) }];
}

function restoreStep(step: StepSource, common: Common, problems: Problems): PlannedStep[] {
  const { body, entry } = step;
  const key = child(body, 'key');
  const keys = child(body, 'keys');
  if (isNull(key) && isNull(keys)) problems.error(entry.keyAt, '"restore_cache" needs "key" or "keys"');
  const all = [...(readTexts(key, '"key"', problems) ?? []), ...(readTexts(keys, '"keys"', problems) ?? [])];
  return [{ ...common, kind: 'restore_cache', keys: all }];
}

function base(body: Dict, title: string, entry: Entry, problems: Problems, fallback: When): Common {
  const name = readText(child(body, 'name'), '"name"', problems);
  const when = readText(child(body, 'when'), '"when"', problems);
  const known: When[] = ['on_success', 'always', 'on_fail'];
  if (when !== undefined && !known.includes(when as When)) {
    problems.error(child(body, 'when')?.at, `"when" must be one of ${known.join(', ')}, not "${when}"`);
  }
  return { name: name || title, when: known.find((one) => one === when) ?? fallback, source: entry.keyAt };
}

function need(step: StepSource, key: string, problems: Problems): Node | undefined {
  const value = child(step.body, key);
  if (isNull(value)) problems.error(step.entry.keyAt, `"${step.name}" needs "${key}"`);
  return value;
}

function required(step: StepSource, key: string, problems: Problems): string {
  return readText(need(step, key, problems), `"${key}"`, problems) ?? '';
}

function firstLine(command: string): string {
  const line = command.trim().split('\n')[0] ?? '';
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
