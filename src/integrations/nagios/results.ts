import type { IntakeRecord } from '../../telemetry/port.ts';
import { limits } from './limits.ts';
import { parsePerfdata } from './perfdata.ts';

/** One result of a check, as Nagios wrote it into its performance data file. */
export interface CheckOutcome {
  /** Unix ms. */
  at: number;
  host: string;
  /** The service's description; null for the check of a host. */
  service: string | null;
  state: 'ok' | 'warning' | 'critical' | 'unknown' | null;
  output: string | null;
  /** Seconds the plugin ran. */
  duration: number | null;
  perfdata: string;
}

/** Words for states, and their numbers (`$SERVICESTATEID$`); a host that is not up is critical. */
const states: Record<string, CheckOutcome['state']> = {
  ok: 'ok',
  up: 'ok',
  '0': 'ok',
  warning: 'warning',
  '1': 'warning',
  critical: 'critical',
  down: 'critical',
  unreachable: 'critical',
  '2': 'critical',
  unknown: 'unknown',
  '3': 'unknown',
};

/**
 * Reads a line of a performance data file: of the template of PNP4Nagios (`KEY::value`, tabs between, any order), or of the one that
 * Nagios' own sample configuration names (`[SERVICEPERFDATA]` or `[HOSTPERFDATA]`, then fields in order). Undefined for anything else.
 */
export function readLine(line: string): CheckOutcome | undefined {
  const fields = line.split('\t');
  const named = line.startsWith('[') ? inOrder(fields) : byName(fields);
  const host = named?.HOSTNAME?.trim().slice(0, limits.nameCharacters);
  const seconds = Number(named?.TIMET);
  if (!named || !host || !Number.isFinite(seconds) || seconds <= 0) return undefined;
  const service = named.SERVICEDESC?.trim().slice(0, limits.nameCharacters) || null;
  const kind = service === null ? 'HOST' : 'SERVICE';
  const took = Number.parseFloat(named[`${kind}EXECUTIONTIME`] ?? '');
  return {
    at: seconds * 1000,
    host,
    service,
    state: states[(named[`${kind}STATE`] ?? '').trim().toLowerCase()] ?? null,
    output: named[`${kind}OUTPUT`]?.slice(0, limits.outputCharacters) || null,
    duration: Number.isFinite(took) ? took : null,
    perfdata: named[`${kind}PERFDATA`] ?? '',
  };
}

type Fields = Record<string, string | undefined>;

function byName(fields: string[]): Fields | undefined {
  const pairs = fields.flatMap((field): [string, string][] => {
    const at = field.indexOf('::');
    return at > 0 ? [[field.slice(0, at).trim(), field.slice(at + 2)]] : [];
  });
  return pairs.length > 1 ? Object.fromEntries(pairs) : undefined;
}

const orders: Record<string, string[]> = {
  '[SERVICEPERFDATA]': [
    'TIMET',
    'HOSTNAME',
    'SERVICEDESC',
    'SERVICEEXECUTIONTIME',
    'SERVICELATENCY',
    'SERVICEOUTPUT',
    'SERVICEPERFDATA',
  ],
  '[HOSTPERFDATA]': ['TIMET', 'HOSTNAME', 'HOSTEXECUTIONTIME', 'HOSTOUTPUT', 'HOSTPERFDATA'],
};

function inOrder([kind = '', ...fields]: string[]): Fields | undefined {
  return orders[kind.trim()] && Object.fromEntries(orders[kind.trim()]!.map((name, index) => [name, fields[index]]));
}

/** A file of results as metrics, one for each figure, and as results of checks where their state is told. */
export function readResults(text: string, projectId: string): { records: IntakeRecord[]; refused: number } {
  const records: IntakeRecord[] = [];
  let refused = 0;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines.slice(0, limits.results)) {
    const outcome = readLine(line);
    if (!outcome) {
      refused += 1;
      continue;
    }
    const perfdata = parsePerfdata(outcome.perfdata);
    refused += perfdata.refused;
    const whose = { host: outcome.host, check: outcome.service ?? 'host' };
    for (const { label, value, unit, ...bounds } of perfdata.values) {
      records.push({
        type: 'Metric',
        timestamp: outcome.at,
        projectId,
        attributes: {
          ...whose,
          metricName: label,
          ...(unit === '' ? {} : { unit }),
          ...(bounds.warning === undefined ? {} : { warning: bounds.warning }),
          ...(bounds.critical === undefined ? {} : { critical: bounds.critical }),
          metricType: 'gauge',
          count: 1,
          total: value,
          latest: value,
          min: value,
          max: value,
        },
      });
    }
    if (outcome.state !== null) records.push(resultOf(outcome, projectId));
  }
  return { records, refused: refused + Math.max(0, lines.length - limits.results) };
}

const resultOf = ({ at, host, service, state, output, duration }: CheckOutcome, projectId: string): IntakeRecord => ({
  type: 'CheckResult',
  timestamp: at,
  projectId,
  attributes: {
    name: service ?? host,
    host,
    kind: 'nagios',
    state,
    error: state !== 'ok',
    ...(output === null ? {} : { message: output }),
    ...(duration === null ? {} : { duration }),
  },
});
