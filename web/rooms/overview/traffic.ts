import { useQuery } from '@tanstack/react-query';
import { type Answer, api } from '../../app/api.ts';

/** What the gateway saw of an environment lately. */
export interface Traffic {
  perMinute: number;
  /** Percent of the requests that failed. */
  failed: number;
  /** 95 of 100 requests were answered within this, in ms; undefined without requests. */
  p95Ms: number | undefined;
  /** Requests of each minute, oldest first. */
  minutes: number[];
}

const spanMinutes = 30;
const figures = 'count(*), percentage(count(*), WHERE error IS true), percentile(duration, 95)';
const from = `FROM GatewayRequest FACET environment SINCE ${spanMinutes} minutes ago`;

/** Requests through the gateway in the last half hour, by environment; asked again every 15 s while on screen. */
export function useTraffic(project: string, enabled: boolean): ReadonlyMap<string, Traffic> {
  const query = useQuery({
    queryKey: ['telemetry', 'query', { overview: project }],
    queryFn: async ({ signal }) => {
      const ask = (nrql: string) => api.telemetry.query({ body: { nrql, projectId: project }, signal });
      const [table, lines] = await Promise.all([
        ask(`SELECT ${figures} ${from}`),
        ask(`SELECT count(*) ${from} TIMESERIES 1 minute`),
      ]);
      return trafficOf(table, lines);
    },
    enabled,
    refetchInterval: 15_000,
  });
  return query.data ?? none;
}

const none: ReadonlyMap<string, Traffic> = new Map();

/** The figures of each environment out of the two answers. */
export function trafficOf(
  table: Pick<Answer<'telemetry', 'query'>, 'rows'>,
  lines: Pick<Answer<'telemetry', 'query'>, 'series'>,
): ReadonlyMap<string, Traffic> {
  return new Map(
    table.rows.map(([environment, count, failed, p95]) => {
      const line = lines.series.find((one) => one.facet[0] === environment);
      return [
        String(environment),
        {
          perMinute: Number(count ?? 0) / spanMinutes,
          failed: Number(failed ?? 0),
          p95Ms: typeof p95 === 'number' ? p95 * 1000 : undefined,
          minutes: (line?.points ?? []).map((value) => value ?? 0),
        },
      ];
    }),
  );
}
