import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { freePort } from '../../src/platform/sockets/free-port.ts';
import {
  eventually,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
  temporaryDirectory,
} from '../harness/millrace.ts';

const programs = ['/usr/bin/prometheus', '/usr/bin/prometheus-node-exporter'];
const there = programs.every((program) => existsSync(program));

/** Debian's Prometheus scrapes itself and node_exporter, and writes what it has to Millrace: nothing of it knows Millrace. */
describe.skipIf(!there)(
  `Prometheus (${there ? 'remote write' : `skipped: ${programs.join(', ')} not installed`})`,
  () => {
    let millrace: RunningMillrace;
    let client: Client;
    let folder: string;
    let key: string;
    let projectId: string;
    let prometheus: string;
    const started: ChildProcess[] = [];

    const run = (program: string, args: string[]): void => {
      started.push(spawn(program, args, { cwd: folder, stdio: 'ignore' }));
    };

    beforeAll(async () => {
      millrace = await startMillrace({ env: { MILLRACE_RUNTIME: 'process' } });
      ({ client } = await millrace.owner());
      const project = await client.projects.create({ body: { slug: 'machines', name: 'Machines' } });
      projectId = project.id;
      key = new URL(project.dsn).username;
      folder = await temporaryDirectory();
      const [own, exporter] = [await freePort(), await freePort()];
      prometheus = `http://127.0.0.1:${own}`;
      await writeFile(
        join(folder, 'prometheus.yml'),
        `global: { scrape_interval: 1s }
scrape_configs:
  - { job_name: node, static_configs: [{ targets: ['127.0.0.1:${exporter}'] }] }
  - { job_name: prometheus, static_configs: [{ targets: ['127.0.0.1:${own}'] }] }
remote_write:
  - url: ${millrace.url}/prometheus/v1/write
    authorization: { credentials: ${key} }
    queue_config: { batch_send_deadline: 1s }
    metadata_config: { send_interval: 2s }
`,
      );
      run(programs[1]!, [`--web.listen-address=127.0.0.1:${exporter}`]);
      run(programs[0]!, [
        '--config.file=prometheus.yml',
        '--storage.tsdb.path=data',
        `--web.listen-address=127.0.0.1:${own}`,
      ]);
    });
    afterAll(async () => {
      for (const child of started) child.kill('SIGKILL');
      await millrace?.stop();
      if (millrace) await removeDirectory(millrace.dataDir);
      if (folder) await removeDirectory(folder);
    });

    const ask = async (nrql: string) => (await client.telemetry.query({ body: { nrql, projectId } })).rows;
    const until = (nrql: string, satisfied: (row: readonly unknown[]) => boolean) =>
      eventually(nrql, async () => {
        const [row] = await ask(nrql);
        return row && satisfied(row) && row;
      });

    it('brings the gauges of a machine', async () => {
      const row = await until(
        "SELECT latest(node_memory_MemTotal_bytes), latest(node_load1), latest(up), uniques(host) FROM Metric WHERE service = 'node'",
        ([memory, load, up]) => [memory, load, up].every((value) => typeof value === 'number'),
      );
      expect(row[0]).toBeGreaterThan(1e8);
      expect(row[2]).toBe(1);
      expect(row[3]).toEqual(['127.0.0.1']);
    });

    it('brings its counters as what they grew by, to the sum that Prometheus itself has', async () => {
      // Both are asked what came within the same seconds, long enough ago to have arrived.
      const total = 'prometheus_tsdb_head_samples_appended_total';
      await until(`SELECT sum(${total}) FROM Metric`, ([sum]) => Number(sum) > 5000);
      const at = Math.floor(Date.now() / 1000);
      const own = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(`${total}[1h]`)}&time=${at}`);
      const { data } = (await own.json()) as {
        data: { result: { metric: { type: string }; values: [number, string][] }[] };
      };
      const series = data.result.find(({ metric }) => metric.type === 'float') ?? data.result[0]!;
      const [first, last] = [series.values[0]!, series.values.at(-1)!];
      const grown = Number(last[1]) - Number(first[1]);
      const since = Math.round(first[0] * 1000) + 1;
      const stored = await eventually('the last sample', async () => {
        const { rows } = await client.telemetry.query({
          body: {
            nrql: `SELECT sum(${total}), max(timestamp) FROM Metric`,
            projectId,
            window: { since, until: Math.round(last[0] * 1000) + 1 },
          },
        });
        const [sum] = rows[0]!;
        return Math.abs(Number(sum) - grown) < 1 && Number(sum);
      });
      expect(stored).toBeCloseTo(grown, 3);
    });

    it('brings histograms, whose percentiles are those of histogram_quantile', async () => {
      const metric = 'prometheus_http_request_duration_seconds_bucket';
      const handler = '/api/v1/label/:name/values';
      const visit = () => fetch(`${prometheus}/api/v1/label/job/values`).then((answer) => answer.text());
      // As with upstream's increase(), a series begins to grow with the second value that is known of it.
      await visit();
      const all = `FROM Metric WHERE handler = '${handler}'`;
      await until(
        `SELECT filter(max(latest), WHERE le = '+Inf') ${all} AND metricName = '${metric}'`,
        ([seen]) => seen === 1,
      );
      for (let index = 0; index < 30; index += 1) await visit();
      const [, p50, p99] = await until(
        `SELECT filter(sum(${metric}), WHERE le = '+Inf'), bucketPercentile(${metric}, 50, 99) ${all}`,
        ([seen]) => seen === 30,
      );
      for (const [value, quantile] of [
        [p50, 0.5],
        [p99, 0.99],
      ] as const) {
        const query = encodeURIComponent(
          `histogram_quantile(${quantile}, increase(${metric}{handler="${handler}"}[10m]))`,
        );
        const own = (await (await fetch(`${prometheus}/api/v1/query?query=${query}`)).json()) as {
          data: { result: { value: [number, string] }[] };
        };
        expect(Number(value)).toBeCloseTo(Number(own.data.result[0]!.value[1]), 2);
      }
    });

    it('says plainly that a key is wrong', async () => {
      const refused = await fetch(`${millrace.url}/prometheus/v1/write`, {
        method: 'POST',
        headers: { authorization: 'Bearer wrong' },
        body: '',
      });
      expect([refused.status, await refused.json()]).toMatchObject([401, { code: 'http.ingest-key' }]);
    });

    it('is joined by the logs of an agent that speaks to Loki', async () => {
      const answer = await fetch(`${millrace.url}/loki/api/v1/push`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from(`any:${key}`).toString('base64')}`,
        },
        body: JSON.stringify({
          streams: [{ stream: { job: 'cron', level: 'error' }, values: [[`${Date.now()}000000`, 'backup failed']] }],
        }),
      });
      expect(answer.status).toBe(204);
      const row = await until(
        "SELECT message, level FROM Log WHERE service = 'cron'",
        ([message]) => message === 'backup failed',
      );
      expect(row[1]).toBe('error');
    });
  },
);
