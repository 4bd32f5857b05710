import { type Json, listOf, objectOf, textOf } from '../../kernel/foreign-json.ts';

/**
 * What an agent said of itself when it connected. It travels inside the run id that the agent then names in every call, so that
 * no server keeps it: a restart, or another server, goes on with the same agents. It says what, not who: the licence key does that.
 */
export interface AgentRun {
  service: string;
  host: string;
  release?: string | undefined;
  environment?: string | undefined;
}

const mostText = 200;

/** Reads the argument of `connect`: `[{app_name: [..], host, display_host, labels, metadata}]`. */
export function agentRunOf(connect: unknown): AgentRun | undefined {
  const said = objectOf(Array.isArray(connect) ? connect[0] : connect);
  if (!said) return undefined;
  const names = Array.isArray(said.app_name) ? said.app_name : [said.app_name];
  const service = textOf(names[0]).slice(0, mostText);
  if (service === '') return undefined;
  const metadata = objectOf(said.metadata) ?? {};
  const labels = new Map(
    listOf(said.labels).map((label) => [textOf(label.label_type).toLowerCase(), textOf(label.label_value)]),
  );
  const firstOf = (...values: unknown[]): string | undefined =>
    values
      .map(textOf)
      .find((value) => value !== '')
      ?.slice(0, mostText);
  return {
    service,
    host: (firstOf(said.display_host, said.host) ?? '').slice(0, mostText),
    release: firstOf(metadata.NEW_RELIC_METADATA_RELEASE_TAG, labels.get('release'), labels.get('version')),
    environment: firstOf(labels.get('environment'), labels.get('env')),
  };
}

export const runIdOf = (run: AgentRun): string =>
  Buffer.from(JSON.stringify([run.service, run.host, run.release ?? '', run.environment ?? ''])).toString('base64url');

/** Undefined for what is no run id of ours: the agent is then asked to connect again. */
export function readRunId(runId: unknown): AgentRun | undefined {
  if (typeof runId !== 'string' || runId.length > 4000) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(runId, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 4 || parts.some((part) => typeof part !== 'string')) return undefined;
  const [service, host, release, environment] = parts as [string, string, string, string];
  if (service === '') return undefined;
  return { service, host, release: release || undefined, environment: environment || undefined };
}

/** The attributes every record of an agent has. */
export function originOf(run: AgentRun): Json {
  return {
    service: run.service,
    ...(run.host === '' ? {} : { host: run.host }),
    ...(run.release === undefined ? {} : { release: run.release }),
    ...(run.environment === undefined ? {} : { environment: run.environment }),
  };
}
