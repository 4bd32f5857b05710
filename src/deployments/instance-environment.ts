import type { ServiceSpec } from './port.ts';

export interface EnvironmentInputs {
  service: ServiceSpec;
  /** From `millrace.yaml`, then from the environment's settings, then its secrets: later ones win. */
  variables: Record<string, string>;
  secrets: readonly { name: string; value: string }[];
  project: string;
  environment: string;
  /** Version of the release. */
  release: string;
  intake: { sentryDsn: string; otlpEndpoint: string; otlpHeaders: string };
}

/**
 * What one instance finds in its environment. A variable of the environment overrides the Compose file's value of that name and
 * fills `${NAME}` inside other values. Backing services only get what their own description asks for: a new variable
 * must not restart a database. What tells where errors and telemetry go yields to a value of the team's own.
 */
export function instanceEnvironment(inputs: EnvironmentInputs): Record<string, string> {
  const { service, release, environment } = inputs;
  const given: Record<string, string> = { ...inputs.variables };
  for (const secret of inputs.secrets) given[secret.name] = secret.value;
  const own = filled(service, given);
  if (service.kind === 'backing') return own;
  const attributes = [
    `service.name=${encode(service.name)}`,
    `service.namespace=${encode(inputs.project)}`,
    `service.version=${encode(release)}`,
    `deployment.environment=${encode(environment)}`,
  ];
  const offered: Record<string, string> = {
    SENTRY_DSN: serviceDsn(inputs.intake.sentryDsn, service.name),
    SENTRY_RELEASE: release,
    SENTRY_ENVIRONMENT: environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: inputs.intake.otlpEndpoint,
    OTEL_EXPORTER_OTLP_HEADERS: inputs.intake.otlpHeaders,
    OTEL_SERVICE_NAME: service.name,
    OTEL_RESOURCE_ATTRIBUTES: attributes.join(','),
  };
  const always = {
    MILLRACE_RELEASE: release,
    MILLRACE_ENVIRONMENT: environment,
    MILLRACE_SERVICE: service.name,
    MILLRACE_PROJECT: inputs.project,
  };
  return { ...offered, ...withoutEmptyOffers(own, offered), ...given, ...always };
}

/**
 * A DSN whose path names the service (`http://key@host/services/web/1`): clients keep such a path, and the intake reads it, so
 * errors and spans know their service without the application saying so.
 */
function serviceDsn(dsn: string, service: string): string {
  const at = dsn.lastIndexOf('/');
  return at < 0 ? dsn : `${dsn.slice(0, at)}/services/${encodeURIComponent(service)}${dsn.slice(at)}`;
}

/** `SENTRY_DSN: ${SENTRY_DSN:-}` in a Compose file means "if there is one", so an empty value does not hide the offered one. */
function withoutEmptyOffers(own: Record<string, string>, offered: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(own).filter(([name, value]) => value !== '' || offered[name] === undefined));
}

/** The environment of the description with `${NAME}` filled from what the environment gives. */
export function filled(service: ServiceSpec, given: Record<string, string>): Record<string, string> {
  const own = { ...service.environment };
  for (const [name, parts] of Object.entries(service.templates ?? {})) {
    own[name] = parts.map((part) => ('text' in part ? part.text : (given[part.variable] ?? part.otherwise))).join('');
  }
  return own;
}

/** OTEL_RESOURCE_ATTRIBUTES carries values percent-encoded (OpenTelemetry resource SDK, W3C Baggage octets). */
const encode = (value: string): string => encodeURIComponent(value);
