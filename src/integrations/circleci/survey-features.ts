import type { SourcePosition } from '../../pipelines/port.ts';
import type { FlatWorkflow } from './flat.ts';
import { child, type Dict, isNull, type Node, textOf } from './node.ts';

/** One job of a flat file with its workflow, as features look at it. */
export interface SurveyedJob {
  name: string;
  type: string;
  body: Dict | undefined;
  settings: Map<string, { value: Node }>;
  steps: { name: string; settings: Node; at: SourcePosition }[];
  outcomes: string[][];
  at: SourcePosition;
}

/** A feature of CircleCI, how it fares here, and how to find its uses in a file. */
export interface Feature {
  name: string;
  outcome: 'works' | 'differs' | 'cannot';
  note: string;
  ofFile?: (root: Dict) => SourcePosition[];
  ofWorkflow?: (workflow: FlatWorkflow) => SourcePosition[];
  ofJob?: (job: SurveyedJob) => boolean;
  ofStep?: (name: string, settings: Node) => boolean;
}

const has = (job: SurveyedJob, key: string): boolean => !isNull(child(job.body, key));
const text = (node: Node | undefined): string => (node?.kind === 'scalar' ? textOf(node) : '');
const isOn = (node: Node | undefined): boolean => node?.kind === 'scalar' && node.value === true;
const classOf = (job: SurveyedJob): string => text(child(job.body, 'resource_class'));
const images = (job: SurveyedJob): Node[] => {
  const list = child(job.body, 'docker');
  return list?.kind === 'list' ? list.items : [];
};
const machineImage = (job: SurveyedJob): string => text(child(child(job.body, 'machine'), 'image'));
const isWindows = (job: SurveyedJob): boolean => /windows/.test(machineImage(job)) || /windows/.test(classOf(job));
const isGpu = (job: SurveyedJob): boolean => /gpu/.test(classOf(job));
const isArm = (job: SurveyedJob): boolean => /^arm\./.test(classOf(job));
const section = (root: Dict, key: string): SourcePosition[] => {
  const node = child(root, key);
  return node?.kind === 'map' ? [...node.entries.values()].map(({ keyAt }) => keyAt) : [];
};
const step =
  (name: string) =>
  (given: string): boolean =>
    given === name;
const commandOf = (settings: Node): string => text(child(settings, 'command'));

/** Everything a file is looked through for. What works comes first in each group. */
export const features: Feature[] = [
  { name: 'Commands', outcome: 'works', note: '', ofFile: (root) => section(root, 'commands') },
  { name: 'Executors', outcome: 'works', note: '', ofFile: (root) => section(root, 'executors') },
  { name: 'Orbs', outcome: 'works', note: '', ofFile: (root) => section(root, 'orbs') },
  { name: 'Pipeline parameters', outcome: 'works', note: '', ofFile: (root) => section(root, 'parameters') },
  {
    name: 'Setup configuration',
    outcome: 'works',
    note: '',
    ofFile: (root) => (isOn(child(root, 'setup')) ? [root.entries.get('setup')!.keyAt] : []),
  },
  {
    name: 'Workflows that run again by themselves',
    outcome: 'works',
    note: '',
    ofWorkflow: ({ settings }) => (settings.has('max_auto_reruns') ? [settings.get('max_auto_reruns')!.keyAt] : []),
  },
  {
    name: 'Scheduled workflows',
    outcome: 'works',
    note: '',
    ofWorkflow: ({ settings }) => (settings.has('triggers') ? [settings.get('triggers')!.keyAt] : []),
  },
  { name: 'Jobs in containers', outcome: 'works', note: '', ofJob: (job) => images(job).length > 0 },
  { name: 'Service containers', outcome: 'works', note: '', ofJob: (job) => images(job).length > 1 },
  { name: 'Approvals', outcome: 'works', note: '', ofJob: (job) => job.type === 'approval' },
  { name: 'Locks', outcome: 'works', note: '', ofJob: (job) => job.type === 'lock' || job.type === 'unlock' },
  { name: 'Jobs that do nothing', outcome: 'works', note: '', ofJob: (job) => job.type === 'no-op' },
  { name: 'Jobs in parallel copies', outcome: 'works', note: '', ofJob: (job) => has(job, 'parallelism') },
  {
    name: 'Requirements by outcome',
    outcome: 'works',
    note: '',
    ofJob: (job) => job.outcomes.some((all) => all.length !== 1 || all[0] !== 'success'),
  },
  { name: 'Filters', outcome: 'works', note: '', ofJob: (job) => job.settings.has('filters') },
  { name: 'Contexts', outcome: 'works', note: '', ofJob: (job) => job.settings.has('context') },
  { name: 'Serial groups', outcome: 'works', note: '', ofJob: (job) => job.settings.has('serial-group') },
  { name: 'Shell steps', outcome: 'works', note: '', ofStep: (name) => name === 'run' || name === 'deploy' },
  { name: 'Checkouts', outcome: 'works', note: '', ofStep: step('checkout') },
  { name: 'Caches', outcome: 'works', note: '', ofStep: (name) => name === 'save_cache' || name === 'restore_cache' },
  {
    name: 'Workspaces',
    outcome: 'works',
    note: '',
    ofStep: (name) => name === 'persist_to_workspace' || name === 'attach_workspace',
  },
  { name: 'Artifacts', outcome: 'works', note: '', ofStep: step('store_artifacts') },
  { name: 'Test results', outcome: 'works', note: '', ofStep: step('store_test_results') },
  {
    name: 'Linux machines',
    outcome: 'differs',
    note: 'They run on the host of the server, with what is installed there; the machine image is not downloaded.',
    ofJob: (job) => has(job, 'machine') && !isWindows(job) && !isGpu(job) && !classOf(job).includes('/'),
  },
  {
    name: 'Machines of one’s own',
    outcome: 'differs',
    note: 'The name of the runner’s class chooses nothing here; jobs run on this server.',
    ofJob: (job) => classOf(job).includes('/'),
  },
  {
    name: 'Remote Docker',
    outcome: 'differs',
    note: 'No separate machine: jobs of trusted runs get the socket of the engine here.',
    ofStep: step('setup_remote_docker'),
  },
  {
    name: 'Layer caching switched on',
    outcome: 'differs',
    note: 'The engine here keeps its layers in any case.',
    ofJob: (job) => isOn(child(child(job.body, 'machine'), 'docker_layer_caching')),
    ofStep: (name, settings) => name === 'setup_remote_docker' && isOn(child(settings, 'docker_layer_caching')),
  },
  {
    name: 'Sizes of containers',
    outcome: 'works',
    note: '',
    ofJob: (job) => images(job).length > 0 && classOf(job) !== '' && !classOf(job).includes('/'),
  },
  {
    name: 'Arm processors',
    outcome: 'differs',
    note: 'Jobs run on the processor this server has.',
    ofJob: isArm,
  },
  {
    name: 'IP ranges',
    outcome: 'differs',
    note: 'Jobs reach the network from this server’s own address.',
    ofJob: (job) => isOn(child(job.body, 'circleci_ip_ranges')),
  },
  {
    name: 'Cache retention',
    outcome: 'differs',
    note: 'Caches are kept by size, the longest unused go first; days are not counted.',
    ofJob: (job) => has(job, 'retention'),
  },
  {
    name: 'Logins to cloud registries',
    outcome: 'differs',
    note: '“aws_auth” and “gcp_auth” are not used; images are pulled as the engine here is logged in.',
    ofJob: (job) => images(job).some((image) => !isNull(child(image, 'aws_auth')) || !isNull(child(image, 'gcp_auth'))),
  },
  {
    name: 'SSH keys',
    outcome: 'differs',
    note: 'Keys are secrets of the project or of a context, called SSH_KEY or SSH_KEY_..., that hold the private key.',
    ofStep: step('add_ssh_keys'),
  },
  {
    name: 'OpenID tokens',
    outcome: 'differs',
    note: 'They are signed by this server, not by CircleCI: the cloud must trust its address as issuer, and reach it.',
    ofStep: (name, settings) =>
      name === 'run' && /CIRCLE_OIDC_TOKEN|circleci(-agent)? run oidc/.test(commandOf(settings)),
  },
  {
    name: 'macOS',
    outcome: 'cannot',
    note: 'There are no macOS machines here; such a job is refused when its turn comes.',
    ofJob: (job) => has(job, 'macos'),
  },
  {
    name: 'Signing bundles',
    outcome: 'cannot',
    note: 'They belong to macOS.',
    ofStep: step('install_signing_bundle'),
  },
  {
    name: 'Windows',
    outcome: 'cannot',
    note: 'There are no Windows machines here.',
    ofJob: isWindows,
  },
  {
    name: 'Graphics processors',
    outcome: 'differs',
    note: 'Such a job runs on the host of the server, with the graphics processors that are there, if any.',
    ofJob: isGpu,
  },
  {
    name: 'Release jobs',
    outcome: 'cannot',
    note: 'They count as done: Millrace cuts a release of every green run by itself.',
    ofJob: (job) => job.type === 'release',
  },
];
