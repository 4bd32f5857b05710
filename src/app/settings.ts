import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { MailServer } from '../alerts/index.ts';
import { defaultNetworkRange, holdsNetworks, parseBlock } from '../integrations/docker/subnets.ts';
import type { Diagnostic } from '../kernel/diagnostics.ts';
import { Fault } from '../kernel/faults.ts';
import { mailServerOf } from './mail-server-setting.ts';

/** A port, or none; `chosen` when somebody asked for it, so that a port in use is an error and no coincidence. */
export interface SocketPort {
  port: number | undefined;
  chosen: boolean;
}

/** Where and how this server runs. Everything has a default; each field names the variable that changes it. */
export interface Settings {
  /** MILLRACE_DATA: state, repositories, logs, keys. */
  dataDir: string;
  /** MILLRACE_SHARED: where repositories, keys, builds and files of runs are kept, for several servers on one database. The data directory when absent. */
  sharedDir: string | undefined;
  /** MILLRACE_HOST: address to listen on once an owner exists; before that it is loopback whatever this says. */
  host: string;
  /** MILLRACE_PORT. 0 takes any free port. */
  port: number;
  /** MILLRACE_URL: how people reach the server, for links in mails and on the command line. Derived from the port when absent. */
  publicUrl: string | undefined;
  /** MILLRACE_GATEWAY_PORT: where deployed applications are reached. */
  gatewayPort: number;
  /** MILLRACE_INTAKE_PORT: where deployed services send errors and telemetry; nothing else is served there. */
  intakePort: number;
  /** MILLRACE_TLS_PORT: where the same is reached over TLS; agents that speak nothing else (New Relic's) need it. */
  tlsPort: number;
  /** MILLRACE_TLS_CERT: certificate of that port (PEM, the whole chain). Without it an authority of the installation makes one; `tls/ca.pem` in the data directory is what clients trust then. */
  tlsCertificate: string | undefined;
  /** MILLRACE_TLS_KEY: the key of that certificate (PEM). */
  tlsKey: string | undefined;
  /** MILLRACE_OTLP_GRPC_PORT: OpenTelemetry over gRPC; default 4317 (left alone when another program has it), `off` for none. */
  otlpGrpcPort: SocketPort;
  /** MILLRACE_SYSLOG_PROJECT: project that syslog is for; turns the listener on. */
  syslogProject: string | undefined;
  /** MILLRACE_SYSLOG_PORT: syslog over UDP and TCP; default 5514. */
  syslogPort: SocketPort;
  /** MILLRACE_FLUENT_PROJECT: project that Fluentd and Fluent Bit forward to; turns the listener on. */
  fluentProject: string | undefined;
  /** MILLRACE_FLUENT_PORT: Fluent's forward protocol over TCP; default 24224. */
  fluentPort: SocketPort;
  /** MILLRACE_STATSD_PROJECT: project that StatsD metrics are for; turns the listener on. */
  statsdProject: string | undefined;
  /** MILLRACE_STATSD_PORT: StatsD over UDP; default 8125. */
  statsdPort: SocketPort;
  /** MILLRACE_QUOTA: records (log lines, spans, points, events) a minute that each project without a quota of its own may send; what is over it is answered with 429 and a time to come back; default 3000000. */
  quota: number;
  /** MILLRACE_SCRAPE_FILE: `prometheus.yml` whose `scrape_configs` are carried out; read again when it changes. Services are scraped by their labels without it. */
  scrapeFile: string | undefined;
  /** MILLRACE_SCRAPE_PROJECT: project that what is scraped by that file is for. */
  scrapeProject: string | undefined;
  /** DATABASE_URL: a PostgreSQL of one's own in place of the embedded one. */
  databaseUrl: string | undefined;
  /** CLICKHOUSE_URL: a ClickHouse of one's own in place of the embedded one. */
  clickhouseUrl: string | undefined;
  /** MILLRACE_SMTP_URL: `smtp://user:password@host:587` or `smtps://…`, for mails to people. Without it (and without a mail channel) they are kept, to be read on the Alerts page. */
  mailServer: MailServer | undefined;
  /** MILLRACE_MAIL_FROM: sender of those mails. */
  mailFrom: string;
  /** MILLRACE_LOG: debug, info, warn, error. */
  logLevel: string;
  /** MILLRACE_JOBS: how many jobs run at once here; default by number of cores. */
  jobSlots: number | undefined;
  /** MILLRACE_STALL: seconds after which a client that begins a request and then brings nothing is cut off; default 30. */
  stallMs: number;
  /** MILLRACE_ENGINE_AWAY: seconds the container engine may be away before jobs in it count as lost; default 60. */
  engineAwayMs: number;
  /** MILLRACE_NETWORKS: addresses that networks of deployed services are taken from, 128 for each environment and release that runs; default 10.219.0.0/16. */
  networks: string;
  /** MILLRACE_KEEP_RELEASES: of how many releases of each environment the images (or directories) are kept; what serves, and what was good last, always is; default 10. */
  keepReleases: number;
  /** MILLRACE_KEEP_DAYS: days after which artifacts and workspaces of a run, and caches nobody used, are removed; default 30. */
  keepDays: number;
  /** MILLRACE_RUNTIME: `docker`, `process`, or `auto` (docker where an engine answers). */
  runtime: 'auto' | 'docker' | 'process';
}

const defaultDataDir = (): string =>
  process.getuid?.() === 0
    ? '/var/lib/millrace'
    : join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'millrace');

/** Reads settings from the environment; every mistake at once in one Fault. */
export function readSettings(env: NodeJS.ProcessEnv, overrides: Partial<Settings> = {}): Settings {
  const problems: Diagnostic[] = [];
  const wrong = (name: string, message: string, hint: string): void => {
    problems.push({ severity: 'error', file: name, message, hint });
  };
  const port = (name: string, fallback: number): number => {
    const text = env[name];
    if (text === undefined || text === '') return fallback;
    const value = Number(text);
    if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
    wrong(name, `"${text}" is not a port`, 'Give a number from 0 (any free port) to 65535.');
    return fallback;
  };
  const socketPort = (name: string, fallback: number): SocketPort =>
    env[name] === 'off'
      ? { port: undefined, chosen: true }
      : { port: port(name, fallback), chosen: Boolean(env[name]) };
  const url = (name: string, protocols: string[]): string | undefined => {
    const text = env[name];
    if (!text) return undefined;
    // PostgreSQL's addresses may leave the host to `?host=/socket/directory`.
    const whole = text.replace(/^(postgres(?:ql)?:\/\/(?:[^@/?]*@)?)\//, '$1localhost/');
    if (URL.canParse(whole) && protocols.includes(new URL(whole).protocol)) return text.replace(/\/$/, '');
    wrong(name, 'This is not an address Millrace can use', `It should begin with ${protocols.join(' or ')}//`);
    return undefined;
  };
  const oneOf = <Value extends string>(name: string, values: readonly Value[], fallback: Value): Value => {
    const text = env[name];
    if (!text) return fallback;
    const found = values.find((value) => value === text);
    if (!found) wrong(name, `"${text}" is not known`, `One of ${values.join(', ')}.`);
    return found ?? fallback;
  };
  const slots = env.MILLRACE_JOBS ? Number(env.MILLRACE_JOBS) : undefined;
  if (slots !== undefined && !(Number.isInteger(slots) && slots > 0)) {
    wrong('MILLRACE_JOBS', `"${env.MILLRACE_JOBS}" is not a number of jobs`, 'Give a whole number above 0.');
  }
  const milliseconds = (name: string, fallback: number): number => {
    const value = env[name] ? Number(env[name]) : fallback;
    if (!(value >= 1 && value <= 3600)) {
      wrong(name, `"${env[name]}" is not a number of seconds`, 'Give a number from 1 to 3600.');
    }
    return value * 1000;
  };
  const whole = (name: string, fallback: number, least: number): number => {
    const value = env[name] ? Number(env[name]) : fallback;
    if (!(Number.isInteger(value) && value >= least)) {
      wrong(name, `"${env[name]}" cannot be used`, `Give a whole number from ${least}.`);
    }
    return value;
  };
  const networkRange = (): string => {
    const text = env.MILLRACE_NETWORKS || defaultNetworkRange;
    const block = parseBlock(text);
    if (!block || !holdsNetworks(block)) {
      wrong(
        'MILLRACE_NETWORKS',
        `"${text}" is not a range of addresses`,
        'Give one from /8 to /25, such as 10.219.0.0/16.',
      );
    }
    return text;
  };
  if (Boolean(env.MILLRACE_TLS_CERT) !== Boolean(env.MILLRACE_TLS_KEY)) {
    wrong(
      'MILLRACE_TLS_CERT',
      'A certificate and its key belong together',
      'Set MILLRACE_TLS_CERT and MILLRACE_TLS_KEY, or neither.',
    );
  }
  if (env.MILLRACE_SCRAPE_FILE && !env.MILLRACE_SCRAPE_PROJECT) {
    wrong(
      'MILLRACE_SCRAPE_PROJECT',
      'What is scraped belongs to a project',
      'Name the project of MILLRACE_SCRAPE_FILE.',
    );
  }
  const mailFrom = env.MILLRACE_MAIL_FROM || 'Millrace <millrace@localhost>';
  const settings: Settings = {
    dataDir: resolve(env.MILLRACE_DATA || defaultDataDir()),
    sharedDir: env.MILLRACE_SHARED ? resolve(env.MILLRACE_SHARED) : undefined,
    host: env.MILLRACE_HOST || '127.0.0.1',
    port: port('MILLRACE_PORT', 7400),
    publicUrl: url('MILLRACE_URL', ['http:', 'https:']),
    gatewayPort: port('MILLRACE_GATEWAY_PORT', 7480),
    intakePort: port('MILLRACE_INTAKE_PORT', 7401),
    tlsPort: port('MILLRACE_TLS_PORT', 7443),
    tlsCertificate: env.MILLRACE_TLS_CERT || undefined,
    tlsKey: env.MILLRACE_TLS_KEY || undefined,
    otlpGrpcPort: socketPort('MILLRACE_OTLP_GRPC_PORT', 4317),
    syslogProject: env.MILLRACE_SYSLOG_PROJECT || undefined,
    syslogPort: socketPort('MILLRACE_SYSLOG_PORT', 5514),
    fluentProject: env.MILLRACE_FLUENT_PROJECT || undefined,
    fluentPort: socketPort('MILLRACE_FLUENT_PORT', 24_224),
    statsdProject: env.MILLRACE_STATSD_PROJECT || undefined,
    statsdPort: socketPort('MILLRACE_STATSD_PORT', 8125),
    quota: whole('MILLRACE_QUOTA', 3_000_000, 1),
    scrapeFile: env.MILLRACE_SCRAPE_FILE ? resolve(env.MILLRACE_SCRAPE_FILE) : undefined,
    scrapeProject: env.MILLRACE_SCRAPE_PROJECT || undefined,
    databaseUrl: url('DATABASE_URL', ['postgres:', 'postgresql:']),
    clickhouseUrl: url('CLICKHOUSE_URL', ['http:', 'https:']),
    mailServer: mailServerOf(env.MILLRACE_SMTP_URL, mailFrom, wrong),
    mailFrom,
    logLevel: oneOf('MILLRACE_LOG', ['trace', 'debug', 'info', 'warn', 'error'] as const, 'info'),
    jobSlots: slots,
    stallMs: milliseconds('MILLRACE_STALL', 30),
    engineAwayMs: milliseconds('MILLRACE_ENGINE_AWAY', 60),
    networks: networkRange(),
    keepReleases: whole('MILLRACE_KEEP_RELEASES', 10, 1),
    keepDays: whole('MILLRACE_KEEP_DAYS', 30, 1),
    runtime: oneOf('MILLRACE_RUNTIME', ['auto', 'docker', 'process'] as const, 'auto'),
    ...overrides,
  };
  if (problems.length > 0) {
    throw new Fault('invalid', 'Some settings cannot be used', { code: 'app.settings', problems });
  }
  return settings;
}
