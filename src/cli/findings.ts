/** Files Millrace acts on besides the pipeline, and what each means. In the order they are told. */
const known: { pattern: RegExp; meaning: string }[] = [
  { pattern: /^millrace\.ya?ml$/, meaning: 'environments, what feeds them, how a rollout is verified' },
  { pattern: /^\.circleci\/config\.ya?ml$/, meaning: 'the pipeline, in CircleCI’s format' },
  { pattern: /^Jenkinsfile$/, meaning: 'the pipeline, in Jenkins’s format' },
  { pattern: /^(?:docker-)?compose\.ya?ml$/, meaning: 'the services to deploy' },
  { pattern: /^Dockerfile$/, meaning: 'the image of the service to deploy' },
  { pattern: /^(?:[^/]+\/)?[^/]+\.tf$/, meaning: 'infrastructure, applied with Terraform' },
  { pattern: /^ansible\/.*\.ya?ml$/, meaning: 'host configuration, applied with Ansible' },
  { pattern: /^nagios\/.*\.cfg$/, meaning: 'checks, in Nagios’s format' },
  { pattern: /^alerts\//, meaning: 'alert conditions' },
];

/** What of a working tree Millrace would act on: the first file of each kind, and how many more there are. */
export function findings(paths: string[]): { path: string; meaning: string }[] {
  return known.flatMap(({ pattern, meaning }) => {
    const fitting = paths.filter((path) => pattern.test(path));
    if (fitting.length === 0) return [];
    const more = fitting.length > 1 ? ` (and ${fitting.length - 1} more)` : '';
    return [{ path: `${fitting[0]}${more}`, meaning }];
  });
}
