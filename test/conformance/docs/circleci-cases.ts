/** One row of the table in docs/circleci.md: a small file and what the compiler must make of it. */
export interface CircleciCase {
  feature: string;
  /** `works`: compiles without a word. `passed over`: compiles, with a warning that says so. `refused`: an error. */
  outcome: 'works' | 'differs' | 'passed over' | 'refused';
  note: string;
  config: string;
  /** What the warning or error must say. */
  says?: RegExp;
  trigger?: 'push' | 'schedule';
  tag?: string;
}

const job = (body: string, top = ''): string =>
  `version: 2.1\n${top}\njobs:\n  build:\n${body.replace(/^/gm, '    ')}\nworkflows:\n  main: { jobs: [build] }\n`;
const docker = 'docker: [{ image: "cimg/base:current" }]';
const steps = (list: string, top = ''): string => job(`${docker}\nsteps:\n${list.replace(/^/gm, '  ')}`, top);
const flow = (jobs: string, more = ''): string =>
  `version: 2.1\njobs:\n  a: { ${docker}, steps: [checkout] }\n  b: { ${docker}, steps: [checkout] }\n${more}\nworkflows:\n  main:\n    jobs:\n${jobs.replace(/^/gm, '      ')}\n`;

export const circleciCases: CircleciCase[] = [
  {
    feature: '`version: 2` and `2.1`',
    outcome: 'works',
    note: 'Version 2 without workflows runs the job `build`.',
    config: `version: 2\njobs:\n  build: { ${docker}, steps: [checkout, { run: make }] }\n`,
  },
  {
    feature: 'YAML anchors and merge keys',
    outcome: 'works',
    note: 'Sizes are counted after aliases are followed.',
    config: `version: 2.1\nx: &x\n  ${docker}\njobs:\n  build:\n    <<: *x\n    steps: [checkout]\nworkflows: { main: { jobs: [build] } }\n`,
  },
  {
    feature: '`docker` executor, several images',
    outcome: 'works',
    note: 'The first image runs the steps, the others are reached by name and on localhost.',
    config: job(
      'docker: [{ image: "cimg/node:20.1" }, { image: "postgres:16", environment: { A: b } }]\nsteps: [checkout]',
    ),
  },
  {
    feature: 'Entrypoint of the first image',
    outcome: 'works',
    note: 'Passed over, unless the file gives `entrypoint` or `command`, or the image is labelled `com.circleci.preserve-entrypoint=true`. It must stay up then.',
    config: job('docker: [{ image: "x:1", entrypoint: [/sbin/init] }]\nsteps: [checkout]'),
  },
  {
    feature: 'Images without a container engine',
    outcome: 'differs',
    note: 'Where no engine answers (or `MILLRACE_RUNTIME=process`), jobs run on the host, not isolated from it.',
    config: steps('- checkout'),
  },
  {
    feature: '`machine` executor',
    outcome: 'differs',
    note: 'Runs on the host of the server; the machine image is not downloaded.',
    config: job('machine: { image: "ubuntu-2404:current" }\nsteps: [checkout]'),
  },
  {
    feature: '`macos` executor',
    outcome: 'differs',
    note: 'Compiles; such a job is refused when its turn comes, as there are no macOS machines here. Windows likewise.',
    config: job('macos: { xcode: "15.4.0" }\nsteps: [checkout]'),
  },
  {
    feature: '`resource_class`',
    outcome: 'works',
    note: 'The sizes of containers limit processors and memory, never above what the machine has. Of machines the name is only checked.',
    config: job(`${docker}\nresource_class: large\nsteps: [checkout]`),
  },
  {
    feature: '`run` with shell, environment, working directory, timeouts, `background`',
    outcome: 'works',
    note: '`no_output_timeout` is 10 minutes when absent. Booleans in the environment of a step are `1` and `0`, as scripts of orbs expect; in that of a job or an image they stay words.',
    config: steps(
      '- run: { name: t, command: make, shell: /bin/sh, environment: { A: b }, working_directory: x, no_output_timeout: 5m }\n- run: { command: sleep 1, background: true }',
    ),
  },
  {
    feature: '`max_auto_reruns`, `auto_rerun_delay` of a step',
    outcome: 'works',
    note: '1 to 5 reruns, delay up to 10 minutes.',
    config: steps('- run: { command: make, max_auto_reruns: 2, auto_rerun_delay: 30s }'),
  },
  {
    feature: '`when` of a step: `on_success`, `on_fail`, `always`',
    outcome: 'works',
    note: '',
    config: steps('- run: { command: make, when: on_fail }\n- run: { command: make, when: always }'),
  },
  {
    feature: '`when` and `unless` with logic statements',
    outcome: 'works',
    note: '`and`, `or`, `not`, `equal`, `matches`, and expressions between `<<` and `>>`.',
    config: steps(
      '- when: { condition: { equal: [main, << pipeline.git.branch >>] }, steps: [checkout] }\n- unless: { condition: { not: true }, steps: [checkout] }\n- when: { condition: << pipeline.git.branch == "main" >>, steps: [checkout] }',
    ),
  },
  {
    feature: '`checkout`',
    outcome: 'works',
    note: 'From Millrace’s own git; large files of other branches only with `method: full` ([more](pipelines.md#what-a-job-may-rely-on)).',
    config: steps('- checkout: { path: src }'),
  },
  {
    feature: '`save_cache`, `restore_cache`',
    outcome: 'works',
    note: 'Key templates with `.Branch`, `.Revision`, `.Environment`, `.BuildNum`, `arch`, `epoch`, `checksum`.',
    config: steps(
      '- restore_cache: { keys: ["v1-{{ .Branch }}-{{ checksum \\"a.lock\\" }}", v1-] }\n- save_cache: { key: "v1-{{ arch }}-{{ epoch }}", paths: [node_modules] }',
    ),
  },
  {
    feature: '`persist_to_workspace`, `attach_workspace`',
    outcome: 'works',
    note: '',
    config: steps('- persist_to_workspace: { root: ., paths: [dist] }\n- attach_workspace: { at: . }'),
  },
  {
    feature: '`store_artifacts`, `store_test_results`',
    outcome: 'works',
    note: 'Test results are JUnit XML.',
    config: steps('- store_artifacts: { path: out, destination: o }\n- store_test_results: { path: junit }'),
  },
  {
    feature: '`setup_remote_docker`',
    outcome: 'differs',
    note: 'No separate machine: trusted jobs get the socket of the engine here. Layer caching is the engine’s own.',
    config: steps('- setup_remote_docker: { docker_layer_caching: true }'),
  },
  {
    feature: '`add_ssh_keys`',
    outcome: 'works',
    note: 'Keys are secrets of the project or of a context, called `SSH_KEY` or `SSH_KEY_...`; chosen by either fingerprint. An agent holds them where the image has one.',
    config: steps('- add_ssh_keys: { fingerprints: ["aa:bb"] }'),
  },
  {
    feature: '`install_signing_bundle`',
    outcome: 'passed over',
    note: '',
    says: /no macOS machines/,
    config: steps('- install_signing_bundle: { bundle_id: x }'),
  },
  {
    feature: 'Commands with parameters',
    outcome: 'works',
    note: 'All parameter types, `steps` among them.',
    config: steps(
      '- greet: { who: Ada }',
      'commands:\n  greet:\n    parameters: { who: { type: string, default: you }, loud: { type: boolean, default: false }, after: { type: steps, default: [] } }\n    steps: [{ run: echo << parameters.who >> }, { when: { condition: << parameters.loud >>, steps: << parameters.after >> } }]',
    ),
  },
  {
    feature: 'Reusable executors with parameters',
    outcome: 'works',
    note: '',
    config: job(
      'executor: { name: node, tag: "20" }\nsteps: [checkout]',
      'executors:\n  node:\n    parameters: { tag: { type: string } }\n    docker: [{ image: "cimg/node:<< parameters.tag >>" }]',
    ),
  },
  {
    feature: 'Job parameters, matrix jobs',
    outcome: 'works',
    note: '`exclude` and `alias` too; at most 1,024 cells.',
    config:
      'version: 2.1\njobs:\n  t:\n    parameters: { v: { type: string } }\n    docker: [{ image: "cimg/node:<< parameters.v >>" }]\n    steps: [checkout]\nworkflows:\n  main:\n    jobs:\n      - t: { matrix: { parameters: { v: ["18", "20"] }, exclude: [{ v: "18" }] } }\n',
  },
  {
    feature: '`parallelism`',
    outcome: 'works',
    note: '`CIRCLE_NODE_INDEX` and `CIRCLE_NODE_TOTAL` are set; at most 64 copies.',
    config: job(`${docker}\nparallelism: 4\nsteps: [checkout]`),
  },
  {
    feature: '`requires`, also by outcome',
    outcome: 'works',
    note: '',
    config: flow('- a\n- b: { requires: [{ a: [failed, canceled] }] }'),
  },
  {
    feature: 'Approval jobs',
    outcome: 'works',
    note: 'Approved on the run’s page or by the API.',
    config: flow('- hold: { type: approval }\n- a: { requires: [hold] }'),
  },
  {
    feature: '`filters` by branch and tag, or as an expression',
    outcome: 'works',
    note: 'Patterns follow RE2.',
    config: flow(
      '- a: { filters: { branches: { only: /ma.*/ }, tags: { ignore: /v.*/ } } }\n- b: { filters: pipeline.git.branch == "main" }',
    ),
  },
  {
    feature: '`context`',
    outcome: 'works',
    note: 'A context that does not exist fails the job.',
    config: flow('- a: { context: [deploy] }'),
  },
  {
    feature: '`pre-steps`, `post-steps`',
    outcome: 'works',
    note: '',
    config: flow('- a: { pre-steps: [{ run: make }], post-steps: [{ run: make }] }'),
  },
  {
    feature: '`serial-group`',
    outcome: 'works',
    note: 'One at a time, in order; a run that a later one overtook is left out; five hours at most. A job group takes its turn as a whole.',
    config: flow('- a: { serial-group: deploy }'),
  },
  {
    feature: 'Job groups',
    outcome: 'works',
    note: 'Members are called `group/member`.',
    config: flow('- g\n- b: { requires: [g] }', 'job-groups:\n  g: { jobs: [a] }'),
  },
  {
    feature: '`when` and `unless` of a workflow',
    outcome: 'works',
    note: '',
    config: `version: 2.1\njobs:\n  a: { ${docker}, steps: [checkout] }\nworkflows:\n  main: { when: true, jobs: [a] }\n  other: { unless: true, jobs: [a] }\n`,
  },
  {
    feature: 'Pipeline parameters',
    outcome: 'works',
    note: 'Given when a run is started by hand or by the API.',
    config: `version: 2.1\nparameters: { full: { type: boolean, default: false } }\njobs:\n  a: { ${docker}, steps: [checkout] }\nworkflows:\n  main: { when: << pipeline.parameters.full >>, jobs: [a] }\n  quick: { unless: << pipeline.parameters.full >>, jobs: [a] }\n`,
  },
  {
    feature: 'Inline orbs',
    outcome: 'works',
    note: '',
    config:
      'version: 2.1\norbs:\n  my:\n    commands:\n      hi: { steps: [{ run: echo hi }] }\njobs:\n  build: { docker: [{ image: "a:1" }], steps: [my/hi] }\nworkflows: { main: { jobs: [build] } }\n',
  },
  {
    feature: 'Orbs of the registry',
    outcome: 'refused',
    note: 'When no source has it. Looked for in `.circleci/orbs`, in the directories of `MILLRACE_ORB_PATH`, then in the public registry (`MILLRACE_ORB_REGISTRY=off` leaves it out).',
    says: /orb/i,
    config: `version: 2.1\norbs: { node: circleci/node@5.1.0 }\njobs:\n  build: { ${docker}, steps: [checkout, node/install-packages] }\nworkflows: { main: { jobs: [build] } }\n`,
  },
  {
    feature: 'Workflows with `triggers: schedule`',
    outcome: 'works',
    note: 'Registered by a push of a branch that their filters name, in UTC. A time missed by more than an hour is passed over.',
    config: `version: 2.1\njobs:\n  a: { ${docker}, steps: [checkout] }\nworkflows:\n  main: { jobs: [a] }\n  night: { triggers: [{ schedule: { cron: "0 0 * * *", filters: { branches: { only: main } } } }], jobs: [a] }\n`,
  },
  {
    feature: '`setup: true` and continuation',
    outcome: 'works',
    note: 'By `circleci continue FILE`, by the continuation and path-filtering orbs, and by `POST /api/v2/pipeline/continue`. Once, within six hours.',
    config: `version: 2.1\nsetup: true\njobs:\n  a: { ${docker}, steps: [checkout] }\nworkflows: { main: { jobs: [a] } }\n`,
  },
  {
    feature: 'Jobs of type `release`',
    outcome: 'passed over',
    note: 'Count as done: a green run becomes a release by itself.',
    says: /passes over as done/,
    config: `version: 2.1\njobs:\n  r: { type: release, plan_name: p }\n  a: { ${docker}, steps: [checkout] }\nworkflows: { main: { jobs: [a, r] } }\n`,
  },
  {
    feature: 'Jobs of type `lock`, `unlock`, `no-op`',
    outcome: 'works',
    note: 'A lock is held by one run at a time, over all projects, until it is given back or the run ends.',
    config: `version: 2.1\njobs:\n  l: { type: lock, key: k }\n  n: { type: no-op }\n  a: { ${docker}, steps: [checkout] }\n  u: { type: unlock, key: k }\nworkflows: { main: { jobs: [l, n, { a: { requires: [l] } }, { u: { requires: [a: terminal] } }] } }\n`,
  },
  {
    feature: '`max_auto_reruns` of a workflow',
    outcome: 'works',
    note: 'What failed in it runs again as a run of its own, what succeeded is taken over.',
    config: `version: 2.1\njobs:\n  a: { ${docker}, steps: [checkout] }\nworkflows: { main: { max_auto_reruns: 2, jobs: [a] } }\n`,
  },
  {
    feature: '`override-with`',
    outcome: 'works',
    note: 'Where the orb has no such job, one’s own runs.',
    config: `version: 2.1\norbs: { my: { jobs: { t: { ${docker}, steps: [checkout] } } } }\njobs:\n  a: { ${docker}, steps: [checkout] }\nworkflows: { main: { jobs: [{ a: { override-with: my/t } }] } }\n`,
  },
  {
    feature: 'Expressions',
    outcome: 'works',
    note: 'Between `<<` and `>>` anywhere, bare in `filters` and in the `when` and `unless` of workflows.',
    config: `version: 2.1\njobs:\n  a: { ${docker}, parallelism: << pipeline.git.branch == "main" and 2 or 1 >>, steps: [checkout] }\nworkflows:\n  main: { when: pipeline.git.branch matches /ma.*/ and not pipeline.git.tag, jobs: [a] }\n`,
  },
  {
    feature: 'Pipeline values',
    outcome: 'works',
    note: 'Those of a forge’s event that Millrace is not told have no value.',
    config: steps('- run: echo << pipeline.number >> << pipeline.git.revision >> << pipeline.trigger_source >>'),
  },
  {
    feature: '`auth` of an image',
    outcome: 'works',
    note: 'Values that begin with `$` are variables of the job.',
    config: job('docker: [{ image: "cimg/base:1", auth: { username: u, password: $P } }]\nsteps: [checkout]'),
  },
  {
    feature: '`aws_auth`, `gcp_auth` of an image',
    outcome: 'passed over',
    note: 'The image is pulled as the container engine is logged in.',
    says: /does not log in/,
    config: job('docker: [{ image: "x:1", aws_auth: { oidc_role_arn: r } }]\nsteps: [checkout]'),
  },
  {
    feature: '`retention`, `circleci_ip_ranges`',
    outcome: 'differs',
    note: 'Are checked. Caches are kept by size and use, not by days; jobs reach the network from this server’s address.',
    config: job(`${docker}\nretention: { caches: 7d }\ncircleci_ip_ranges: true\nsteps: [checkout]`),
  },
  {
    feature: '`CIRCLE_*` variables',
    outcome: 'works',
    note: '`CIRCLE_OIDC_TOKEN` and `CIRCLE_OIDC_TOKEN_V2` too: signed by this server, whose address is the issuer. See below.',
    config: steps('- run: echo $CIRCLE_SHA1 $CIRCLE_WORKFLOW_ID $CIRCLE_WORKING_DIRECTORY'),
  },
  {
    feature: 'Rerun a job with SSH',
    outcome: 'works',
    note: '`millrace shell JOB`: a job that ended runs again, and its place is kept for the shell; no SSH is needed.',
    config: steps('- run: exit 1'),
  },
  {
    feature: '`circleci` and `circleci-agent` inside jobs',
    outcome: 'works',
    note: '`tests glob`, `tests split` and `tests run` (by times of earlier runs, size, name), `step halt`, `env subst`, `continue`, `run oidc get`.',
    config: steps(
      '- run: circleci tests glob "**/*.test.js" | circleci tests run --command="xargs npm test" --split-by=timings\n- run: circleci-agent step halt',
    ),
  },
  {
    feature: 'Auto-cancel redundant workflows',
    outcome: 'works',
    note: 'A setting of the project, off at first: a newer push cancels the unfinished runs of its branch, but none of the default branch, no scheduled one and no rerun.',
    config: steps('- checkout'),
  },
  {
    feature: '`[skip ci]`, `[ci skip]`',
    outcome: 'works',
    note: 'In the first 250 characters of the newest commit’s message.',
    config: steps('- checkout'),
  },
  {
    feature: 'Orbs by address (`https://...`)',
    outcome: 'refused',
    note: 'Unless the address begins as `MILLRACE_ORB_URLS` allows, or its text is kept in `.circleci/orbs/https/<host>/<path>`.',
    says: /not on this machine/,
    config: `version: 2.1\norbs: { t: "https://example.org/orb.yml" }\njobs:\n  build: { ${docker}, steps: [t/hi] }\nworkflows: { main: { jobs: [build] } }\n`,
  },
  {
    feature: 'An orb that is an empty map',
    outcome: 'works',
    note: 'A place that orb tooling fills, as long as nothing uses it.',
    config: `version: 2.1\norbs: { t: {} }\njobs:\n  build: { ${docker}, steps: [checkout] }\nworkflows: { main: { jobs: [build] } }\n`,
  },
  {
    feature: '`deploy` step, `branches` of a job',
    outcome: 'works',
    note: 'Old forms that CircleCI still reads.',
    config: `version: 2\njobs:\n  build: { ${docker}, branches: { only: main }, steps: [checkout, { deploy: make ship }] }\n`,
  },
  {
    feature: 'Words of YAML 1.1 (`yes`, `on`, ...)',
    outcome: 'works',
    note: 'Are booleans, as at CircleCI; a number without quotes loses what YAML does not keep (3.10), with a warning where text is meant.',
    config: steps('- run: { command: sleep 1, background: yes }'),
  },
  {
    feature: 'Keys that CircleCI does not know',
    outcome: 'refused',
    note: 'With the place and the nearest word that is known.',
    says: /stepz/,
    config: job(`${docker}\nstepz: [checkout]\nsteps: [checkout]`),
  },
];
