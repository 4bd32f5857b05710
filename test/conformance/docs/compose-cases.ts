import type { ServiceSpec } from '../../../src/deployments/port.ts';

/** One row of the table in docs/deployments.md. */
export interface ComposeCase {
  field: string;
  /** `works`: no problem, and `gives` holds. `left out`: loads, and says so. `refused`: an error. */
  outcome: 'works' | 'left out' | 'refused';
  note: string;
  /** YAML of the service `web` (flow style), or a whole file when it begins with `services:`. */
  service: string;
  files?: Record<string, string>;
  gives?: Partial<ServiceSpec>;
  says?: RegExp;
}

export const composeCases: ComposeCase[] = [
  {
    field: '`image`',
    outcome: 'works',
    note: 'A service without `build` is a backing service: one per environment, kept across releases.',
    service: '{ image: "redis:7" }',
    gives: { kind: 'backing', image: 'redis:7' },
  },
  {
    field: '`build` (context, dockerfile, args, target)',
    outcome: 'works',
    note: 'Built once for each release.',
    service: '{ build: { context: web, dockerfile: D, args: { A: 1 }, target: t } }',
    gives: { kind: 'application', build: { context: 'web', dockerfile: 'D', args: { A: '1' }, target: 't' } },
  },
  {
    field: '`build.dockerfile_inline`',
    outcome: 'refused',
    note: 'Write a file.',
    service: '{ build: { context: ., dockerfile_inline: FROM x } }',
    says: /inline Dockerfile/,
  },
  {
    field: 'Build context outside the repository',
    outcome: 'refused',
    note: '',
    service: '{ build: "https://example.org/x.git" }',
    says: /not in the repository/,
  },
  {
    field: '`command`, `entrypoint`, `working_dir`, `user`',
    outcome: 'works',
    note: '',
    service: '{ image: a, command: "run x", entrypoint: [e], working_dir: /w, user: "1000" }',
    gives: { command: ['run', 'x'], entrypoint: ['e'], workingDirectory: '/w', user: '1000' },
  },
  {
    field: '`environment`, `env_file`, `.env`, interpolation',
    outcome: 'works',
    note: 'Variables and secrets of the environment fill variables and names without a value.',
    service: `{ image: a, env_file: [v.env], environment: { A: "\${X:-y}" } }`,
    files: { 'v.env': 'B=2\n' },
    gives: { environment: { A: 'y', B: '2' } },
  },
  {
    field: '`ports`, `expose`',
    outcome: 'works',
    note: 'The first TCP port is the one the gateway uses. Host ports are not opened; UDP is left out without a word.',
    service: '{ image: a, ports: ["8080:80"], expose: ["81"] }',
    gives: { ports: [{ container: 80, published: 8080 }, { container: 81 }] },
  },
  {
    field: '`healthcheck`',
    outcome: 'works',
    note: 'A `curl` or `wget` of the own port becomes an HTTP check from outside.',
    service: '{ image: a, healthcheck: { test: [CMD, /check], interval: 5s, retries: 2 } }',
  },
  {
    field: '`depends_on` with conditions, `links`',
    outcome: 'works',
    note: '',
    service: 'services: { web: { image: a, depends_on: { db: { condition: service_healthy } } }, db: { image: b } }',
    gives: { dependsOn: [{ service: 'db', condition: 'service_healthy', required: true }] },
  },
  {
    field: 'Services that wait for each other',
    outcome: 'refused',
    note: '',
    service: 'services: { web: { image: a, depends_on: [db] }, db: { image: b, depends_on: [web] } }',
    says: /circle/,
  },
  {
    field: '`deploy.replicas`, `scale`',
    outcome: 'works',
    note: '`replicas` of millrace.yaml wins.',
    service: '{ image: a, deploy: { replicas: 3 } }',
    gives: { replicas: 3 },
  },
  {
    field: '`deploy.resources.limits`, `cpus`, `mem_limit`',
    outcome: 'works',
    note: 'In containers only.',
    service: '{ image: a, cpus: 0.5, mem_limit: 256M }',
    gives: { cpus: 0.5, memoryBytes: 268_435_456 },
  },
  {
    field: '`restart`, `deploy.restart_policy.condition`',
    outcome: 'works',
    note: 'Without either: always.',
    service: '{ image: a, restart: "no" }',
    gives: { restart: 'no' },
  },
  {
    field: '`stop_signal`, `stop_grace_period`',
    outcome: 'works',
    note: '10 s when absent.',
    service: '{ image: a, stop_signal: SIGINT, stop_grace_period: 1m }',
    gives: { stopSignal: 'SIGINT', stopGraceMs: 60_000 },
  },
  {
    field: 'Named volumes, `tmpfs`',
    outcome: 'works',
    note: 'One volume per environment; a roll back does not touch its data.',
    service: 'services: { web: { image: a, volumes: ["d:/d"], tmpfs: [/t] } }\nvolumes: { d: }',
    gives: {
      volumes: [
        { source: 'd', target: '/d', readOnly: false, kind: 'volume' },
        { source: '', target: '/t', readOnly: false, kind: 'tmpfs' },
      ],
    },
  },
  {
    field: 'Bind mounts',
    outcome: 'left out',
    note: 'A deployed service has no checkout beside it.',
    service: '{ image: a, volumes: [".:/app"] }',
    says: /is left out/,
  },
  {
    field: '`extends`, several files, anchors',
    outcome: 'works',
    note: 'Override files are read only when `services:` of millrace.yaml names them.',
    service: 'services: { base: &b { image: a, restart: no }, web: { extends: { service: base }, user: "1" }, c: *b }',
    gives: { image: 'a' },
  },
  {
    field: '`profiles`',
    outcome: 'works',
    note: 'A service with a profile is not deployed.',
    service: 'services: { web: { image: a }, tool: { image: b, profiles: [t] } }',
  },
  {
    field: '`labels`',
    outcome: 'works',
    note: 'In containers only.',
    service: '{ image: a, labels: { a: b } }',
    gives: { labels: { a: 'b' } },
  },
  {
    field: '`x-millrace.health`',
    outcome: 'works',
    note: 'Millrace’s own: a path asked from outside in place of a `healthcheck` command, which costs a process each time.',
    service: '{ image: a, ports: ["80"], healthcheck: { test: [CMD, ./check] }, x-millrace: { health: /healthz } }',
    gives: {
      healthcheck: {
        test: { kind: 'http', path: '/healthz' },
        intervalMs: 5000,
        timeoutMs: 5000,
        retries: 3,
        startPeriodMs: 0,
      },
    },
  },
  {
    field: '`x-millrace.process`',
    outcome: 'works',
    note: 'Millrace’s own: `build` and `command` for running without a container engine.',
    service: '{ build: ., x-millrace: { process: { command: ./run } } }',
    gives: { process: { command: './run' } },
  },
  {
    field: '`networks`, `container_name`, `hostname`, `logging`, `develop`',
    outcome: 'left out',
    note: 'Services of an environment reach each other by service name.',
    service: '{ image: a, container_name: x }',
    says: /not carried out/,
  },
  {
    field: '`secrets`, `configs`',
    outcome: 'left out',
    note: 'Use secrets of the environment.',
    service: 'services: { web: { image: a, secrets: [s] } }\nsecrets: { s: { file: s } }',
    says: /"secrets" of service "web" is not carried out/,
  },
  {
    field:
      '`privileged`, `cap_add`, `devices`, `network_mode`, `sysctls`, `ulimits`, `read_only`, `init`, `extra_hosts`, `shm_size`',
    outcome: 'left out',
    note: 'With a warning.',
    service: '{ image: a, privileged: true }',
    says: /"privileged" of service "web" is not carried out/,
  },
  {
    field: 'Fields Compose does not know',
    outcome: 'left out',
    note: 'With a warning and the place.',
    service: '{ image: a, imagee: b }',
    says: /imagee/,
  },
];
