import type { DashboardDocument, Widget } from '../../../src/dashboards/api.ts';

const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function chart(
  title: string,
  id: string,
  place: [column: number, row: number, width: number, height: number],
  ...queries: string[]
): Widget {
  const [column, row, width, height] = place;
  return {
    title,
    visualization: { id },
    layout: { column, row, width, height },
    rawConfiguration: { nrqlQueries: queries.map((query) => ({ accountIds: [], query })) },
  };
}

/** Which calls of a service go to a database, by the names agents and OpenTelemetry give it. */
const isDatabase = '(db.system IS NOT NULL OR db.system.name IS NOT NULL)';
const hostCalled = 'server.address OR net.peer.name OR peer.service OR http.host';

/**
 * What there is to know of a service without anything being set up: how much it does, how fast and how well, which requests
 * take longest, and what it waits for. A dashboard like any other, so it can be copied and changed.
 */
export function serviceDashboard(service: string, environment: string | undefined): DashboardDocument {
  const of = `service = ${quoted(service)}${environment ? ` AND environment = ${quoted(environment)}` : ''}`;
  const from = `FROM Transaction WHERE ${of}`;
  const calls = `FROM Span WHERE ${of} AND kind = 'client' AND`;
  return {
    name: environment ? `${service} in ${environment}` : service,
    description: null,
    variables: [],
    pages: [
      {
        name: 'Service',
        widgets: [
          chart(
            'Now',
            'viz.billboard',
            [1, 1, 12, 2],
            `SELECT rate(count(*), 1 minute) AS 'Throughput', apdex(duration, t: 0.5) AS 'Apdex', percentage(count(*), WHERE error IS true) AS 'Failed', average(duration) AS 'Average', percentile(duration, 95) AS '95th percentile' ${from} COMPARE WITH 1 day ago`,
          ),
          chart(
            'Response time',
            'viz.line',
            [1, 3, 6, 3],
            `SELECT average(duration) AS 'Average', percentile(duration, 95, 99) AS 'Percentile' ${from} TIMESERIES`,
          ),
          chart(
            'Throughput',
            'viz.area',
            [7, 3, 6, 3],
            `SELECT rate(count(*), 1 minute) AS 'Requests' ${from} TIMESERIES`,
          ),
          chart(
            'Failed requests',
            'viz.area',
            [1, 6, 6, 3],
            `SELECT percentage(count(*), WHERE error IS true) AS 'Failed' ${from} TIMESERIES`,
          ),
          chart(
            'Apdex (0.5 s)',
            'viz.line',
            [7, 6, 6, 3],
            `SELECT apdex(duration, t: 0.5) AS 'Apdex' ${from} TIMESERIES`,
          ),
          chart(
            'Slowest requests',
            'viz.table',
            [1, 9, 12, 4],
            `SELECT percentile(duration, 95) AS '95th percentile', average(duration) AS 'Average', rate(count(*), 1 minute) AS 'Throughput', percentage(count(*), WHERE error IS true) AS 'Failed', sum(duration) AS 'Time in all' ${from} FACET name LIMIT 20`,
          ),
          chart(
            'Database',
            'viz.table',
            [1, 13, 6, 4],
            `SELECT average(duration) AS 'Average', rate(count(*), 1 minute) AS 'Calls', sum(duration) AS 'Time in all' ${calls} ${isDatabase} FACET db.system OR db.system.name AS 'System', name AS 'Operation' LIMIT 20`,
          ),
          chart(
            'Time in databases',
            'viz.line',
            [7, 13, 6, 4],
            `SELECT average(duration) ${calls} ${isDatabase} FACET db.system OR db.system.name TIMESERIES`,
          ),
          chart(
            'Calls to others',
            'viz.table',
            [1, 17, 6, 4],
            `SELECT average(duration) AS 'Average', rate(count(*), 1 minute) AS 'Calls', percentage(count(*), WHERE error IS true) AS 'Failed', sum(duration) AS 'Time in all' ${calls} NOT ${isDatabase} FACET ${hostCalled} AS 'Host', name AS 'Call' LIMIT 20`,
          ),
          chart(
            'Time in calls to others',
            'viz.line',
            [7, 17, 6, 4],
            `SELECT average(duration) ${calls} NOT ${isDatabase} FACET ${hostCalled} TIMESERIES`,
          ),
          chart(
            'Releases',
            'viz.table',
            [1, 21, 6, 3],
            `SELECT count(*) AS 'Requests', percentage(count(*), WHERE error IS true) AS 'Failed', average(duration) AS 'Average', latest(timestamp) AS 'Last seen' ${from} FACET release`,
          ),
          chart(
            'Slow traces',
            'viz.table',
            [7, 21, 6, 3],
            `SELECT max(duration) AS 'Took', latest(name) AS 'Request' ${from} AND traceId IS NOT NULL FACET traceId LIMIT 20`,
          ),
        ],
      },
    ],
  };
}
