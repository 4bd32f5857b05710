import type { Diagnostic } from '../../kernel/diagnostics.ts';
import type { SourcePosition } from '../../pipelines/port.ts';
import { type CompileSource, openSource, workflowsOf } from './compile.ts';
import type { FlatWorkflow } from './flat.ts';
import { child, isNull, type Node, textOf } from './node.ts';
import type { OrbSources } from './port.ts';
import { type Feature, features, type SurveyedJob } from './survey-features.ts';
import { flattenWorkflow } from './workflow.ts';

/** One thing of CircleCI that a file uses, and how it fares here. */
export interface Use {
  feature: string;
  /** `works` as it is; `differs`, see the note; `cannot` be done here. */
  outcome: Feature['outcome'];
  count: number;
  note: string;
  /** The first places, at most five. */
  places: SourcePosition[];
}

/** What a file uses, and what a team has to bring for it. */
export interface Survey {
  workflows: number;
  jobs: number;
  steps: number;
  uses: Use[];
  needs: {
    contexts: string[];
    /** Orbs that no source has. */
    orbs: string[];
    /** Variables that logins to image registries name. */
    variables: string[];
    sshKeys: string[];
  };
  problems: Diagnostic[];
}

/** Looks through everything a file defines and uses, whatever branch it would run for. */
export async function surveyCircleci(source: CompileSource, orbs: OrbSources): Promise<Survey> {
  const opened = await openSource(source, orbs);
  const { compilation, problems } = opened;
  const flat: FlatWorkflow[] = opened.file
    ? [...workflowsOf(opened.file, compilation)].flatMap(
        ([name, entry]) => flattenWorkflow(name, entry, opened.file!.library, compilation, true) ?? [],
      )
    : [];
  const jobs = flat.flatMap((workflow) => workflow.jobs.map(surveyed));
  const found = new Map<Feature, Use>();
  const add = (feature: Feature, places: SourcePosition[]): void => {
    if (places.length === 0) return;
    const { name, outcome, note } = feature;
    const use = found.get(feature) ?? { feature: name, outcome, count: 0, note, places: [] };
    use.count += places.length;
    use.places.push(...places.slice(0, 5 - use.places.length));
    found.set(feature, use);
  };
  for (const feature of features) {
    if (feature.ofFile && opened.file) add(feature, feature.ofFile(opened.file.root));
    if (feature.ofWorkflow) for (const workflow of flat) add(feature, feature.ofWorkflow(workflow));
    for (const job of jobs) {
      if (feature.ofJob?.(job)) add(feature, [job.at]);
      if (feature.ofStep) {
        const steps = job.steps.filter((step) => feature.ofStep!(step.name, step.settings));
        add(
          feature,
          steps.map(({ at }) => at),
        );
      }
    }
  }
  return {
    workflows: flat.length,
    jobs: jobs.length,
    steps: jobs.reduce((sum, job) => sum + job.steps.length, 0),
    uses: [...found.values()],
    needs: {
      contexts: unique(jobs.flatMap((job) => texts(job.settings.get('context')?.value))),
      orbs: [...opened.texts].flatMap(([name, orb]) => (orb.kind === 'absent' ? [name] : [])),
      variables: unique(jobs.flatMap(loginVariables)),
      sshKeys: unique(jobs.flatMap((job) => job.steps.flatMap(fingerprints))),
    },
    problems: problems.list(),
  };
}

function surveyed(job: FlatWorkflow['jobs'][number]): SurveyedJob {
  const list = child(job.body, 'steps');
  const type = child(job.body, 'type') ?? job.settings.get('type')?.value;
  return {
    name: job.name,
    type: type?.kind === 'scalar' ? textOf(type) : 'build',
    body: job.body,
    settings: job.settings,
    steps: (list?.kind === 'list' ? list.items : []).map(stepOf),
    outcomes: job.requires.map(({ outcomes }) => outcomes),
    at: job.at,
  };
}

function stepOf(item: Node): SurveyedJob['steps'][number] {
  const nothing: Node = { kind: 'map', entries: new Map(), at: item.at };
  if (item.kind === 'scalar') return { name: textOf(item), settings: nothing, at: item.at };
  const [first] = item.kind === 'map' ? item.entries : [];
  return { name: first?.[0] ?? '', settings: first?.[1].value ?? nothing, at: item.at };
}

function loginVariables(job: SurveyedJob): string[] {
  const images = child(job.body, 'docker');
  return (images?.kind === 'list' ? images.items : []).flatMap((image) =>
    ['username', 'password'].flatMap((key) => {
      const value = child(child(image, 'auth'), key);
      return value?.kind === 'scalar' && textOf(value).startsWith('$') ? [textOf(value).slice(1)] : [];
    }),
  );
}

function fingerprints(step: SurveyedJob['steps'][number]): string[] {
  return step.name === 'add_ssh_keys' ? texts(child(step.settings, 'fingerprints')) : [];
}

function texts(node: Node | undefined): string[] {
  if (node === undefined || isNull(node)) return [];
  if (node.kind === 'list') return node.items.flatMap(texts);
  return node.kind === 'scalar' ? [textOf(node)] : [];
}

const unique = (all: string[]): string[] => [...new Set(all)].sort();
