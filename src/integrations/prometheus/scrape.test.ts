import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { targetOfService } from '../../app/plugs/scraping.ts';
import { systemClock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import { CumulativeState } from '../../platform/observe/cumulative.ts';
import type { IntakeRecord } from '../../telemetry/port.ts';
import { ExpositionError, readExposition } from './exposition.ts';
import { type ScrapeTarget, scrape } from './scrape.ts';
import { readScrapeFile } from './scrape-file.ts';
import { MetricTypes } from './series.ts';

const read = (text: string, openMetrics = false) =>
  readExposition(text, openMetrics).samples.map(({ labels, value, timestamp }) => [
    Object.fromEntries(labels),
    value,
    timestamp,
  ]);

describe('a page of metrics', () => {
  it('is read in the old format', () => {
    const page = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000

msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero",} +Inf -3982045
b { le = "0.1" }	NaN`;
    expect(read(page)).toEqual([
      [{ __name__: 'http_requests_total', method: 'post', code: '200' }, 1027, 1395066363000],
      [
        {
          __name__: 'msdos_file_access_time_seconds',
          path: 'C:\\DIR\\FILE.TXT',
          error: 'Cannot find file:\n"FILE.TXT"',
        },
        1.458255915e9,
        undefined,
      ],
      [{ __name__: 'metric_without_timestamp_and_labels' }, 12.47, undefined],
      [{ __name__: 'something_weird', problem: 'division by zero' }, Number.POSITIVE_INFINITY, -3982045],
      [{ __name__: 'b', le: '0.1' }, Number.NaN, undefined],
    ]);
    expect(readExposition(page, false).types).toEqual([['http_requests_total', 'counter']]);
  });

  it('is read in the new one: seconds, exemplars, and an end', () => {
    const page = `# TYPE foo histogram\nfoo_bucket{le="1.0"} 11 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67\n# EOF\nnot read`;
    expect(read(page, true)).toEqual([[{ __name__: 'foo_bucket', le: '1.0' }, 11, 1520879607789]]);
  });

  it.each([
    ['<!doctype html>', /line 1/],
    ['a 1\nb', /line 2: no value/],
    ['a{b="c} 1', /without an end/],
    ['a{b=c} 1', /labels/],
    ['a 1x', /no number/],
    [`a{${Array.from({ length: 70 }, (_, index) => `l${index}="x"`).join(',')}} 1`, /labels/],
  ])('that is none names its line: %s', (text, words) => {
    expect(() => readExposition(text, false)).toThrow(ExpositionError);
    expect(() => readExposition(text, false)).toThrow(words);
  });

  it('may be anything', () => {
    const lineLike = fc.stringMatching(/^[a-z_#{}="\\ ,0-9.\t]{0,60}$/);
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), lineLike)), fc.boolean(), (lines, openMetrics) => {
        try {
          readExposition(lines.join('\n'), openMetrics);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpositionError);
        }
      }),
    );
  });
});

describe('a file of targets', () => {
  it('is read as upstream reads it, but for jobs that ask for what is not there', () => {
    const { targets, problems } = readScrapeFile(`
global: { scrape_interval: 1m30s, external_labels: { region: north }, evaluation_interval: 1m }
scrape_configs:
  - job_name: node
    static_configs: [{ targets: ['h1:9100', 'h2:9100'], labels: { rack: '7' } }]
  - job_name: app
    scrape_interval: 5s
    metrics_path: /m
    params: { module: [a] }
    scheme: https
    basic_auth: { username: u, password: p }
    static_configs: [{ targets: ['h3'] }]
  - job_name: clever
    consul_sd_configs: []
  - job_name: odd
    static_configs: [{ targets: ['http://x/'] }]
rule_files: []
`);
    expect(targets).toMatchObject([
      {
        url: 'http://h1:9100/metrics',
        intervalMs: 90_000,
        timeoutMs: 10_000,
        labels: { job: 'node', instance: 'h1:9100', rack: '7', region: 'north' },
      },
      { url: 'http://h2:9100/metrics' },
      { url: 'https://h3/m?module=a', intervalMs: 5000, timeoutMs: 5000, headers: { authorization: 'Basic dTpw' } },
    ]);
    expect(problems).toEqual([
      expect.stringMatching(/^scrape_configs\[2\]: .*consul_sd_configs/),
      expect.stringMatching(/^scrape_configs\[3\]: .*host and a port/),
    ]);
    expect(readScrapeFile('[').problems).toHaveLength(1);
    expect(readScrapeFile('').targets).toEqual([]);
  });
});

describe('a service', () => {
  const instance = {
    projectId: 'p',
    environment: 'production',
    service: 'web',
    release: 'r1-abc',
    instanceId: 'web-1',
    host: '127.0.0.1',
    port: 41_000,
    containerPort: 8080,
  };
  const urls = (labels: Record<string, string>, more = {}) =>
    targetOfService({ ...instance, labels, ...more }).map(({ url }) => url);

  it('is scraped when its labels say so, where they say', () => {
    expect(urls({})).toEqual([]);
    expect(urls({ 'prometheus.io/scrape': 'true' })).toEqual(['http://127.0.0.1:41000/metrics']);
    const other = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9000', 'prometheus.io/path': '/m?a=b' };
    // That port of the container cannot be reached from here.
    expect(urls(other)).toEqual([]);
    expect(urls(other, { host: 'fd00::2', port: 8080 })).toEqual(['http://[fd00::2]:9000/m?a=b']);
    expect(urls({ 'prometheus.io/scrape': 'true', 'prometheus.io/path': '//evil/x' })).toEqual([
      'http://127.0.0.1:41000//evil/x',
    ]);
  });
});

describe('a scrape', () => {
  let page = '';
  let status = 200;
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(page);
  });
  let target: ScrapeTarget;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    target = {
      projectId: 'p',
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
      labels: { job: 'shop', instance: 'h1:80' },
      honorLabels: false,
      intervalMs: 1000,
      timeoutMs: 10_000,
      sampleLimit: 0,
      headers: {},
    };
  });
  afterAll(() => server.close());

  it('counts what counters grew by, says whether it worked, and loses nothing the store refused', async () => {
    let stored: IntakeRecord[] = [];
    let full = false;
    const reasons: string[] = [];
    const deps = {
      telemetry: {
        dropped: (_: string | null, __: string, reason: string) => void reasons.push(reason),
        write: async (records: IntakeRecord[]) => {
          if (full) throw new Fault('unavailable', 'The spool is full', { code: 'platform.spool-full' });
          stored = records;
        },
      },
      clock: systemClock,
      state: new CumulativeState(0, 1000),
      types: new MetricTypes(),
    };
    const point = (name: string) => stored.find(({ attributes }) => attributes.metricName === name)?.attributes;
    page = '# TYPE sold counter\nsold{job="own"} 5\n';
    expect(await scrape(target, deps)).toBeUndefined();
    expect(point('sold')).toMatchObject({ service: 'shop', exported_job: 'own', host: 'h1', metricType: 'count' });
    expect(point('up')).toMatchObject({ latest: 1 });
    page = '# TYPE sold counter\nsold{job="own"} 8\n';
    full = true;
    await expect(scrape(target, deps)).rejects.toThrow(/spool/);
    full = false;
    await scrape(target, deps);
    expect(point('sold')).toMatchObject({ total: 3 });
    expect(point('scrape_samples_scraped')).toMatchObject({ latest: 1 });

    status = 503;
    expect(await scrape(target, deps)).toBe('HTTP 503');
    expect(point('up')).toMatchObject({ latest: 0 });
    status = 200;
    page = '<html>';
    expect(await scrape(target, deps)).toMatch(/line 1/);
    expect(await scrape({ ...target, url: 'http://127.0.0.1:1/' }, deps)).toBe('bad port');
    expect(reasons).toHaveLength(3);
  });
});
