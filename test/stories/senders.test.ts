import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { freePort } from '../../src/platform/sockets/free-port.ts';
import { browserThere, launchBrowser } from '../harness/browser.ts';
import {
  eventually,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
  temporaryDirectory,
} from '../harness/millrace.ts';
import { nagiosThere, startNagios } from '../harness/nagios.ts';
import { servePages } from '../harness/visited-pages.ts';

const run = promisify(execFile);
const fixture = join(import.meta.dirname, '..', 'fixtures', 'opentelemetry');
const [logger, rsyslogd] = ['/usr/bin/logger', '/usr/sbin/rsyslogd'];
const nodeExporter = '/usr/bin/prometheus-node-exporter';

/** Programs as others publish them send in their own protocols, and NRQL answers about what each sent. */
describe('senders', () => {
  let millrace: RunningMillrace;
  let client: Client;
  let folder: string;
  let key: string;
  let projectId: string;
  let ports: { grpc: number; syslog: number; statsd: number };
  const started: ChildProcess[] = [];
  let browser: Browser;
  let site: { url: string; close(): void };

  beforeAll(async () => {
    folder = await temporaryDirectory();
    ports = { grpc: await freePort(), syslog: await freePort(), statsd: await freePort() };
    await writeFile(join(folder, 'prometheus.yml'), 'scrape_configs: []\n');
    millrace = await startMillrace({
      env: {
        MILLRACE_SCRAPE_FILE: join(folder, 'prometheus.yml'),
        MILLRACE_SCRAPE_PROJECT: 'shop',
        MILLRACE_RUNTIME: 'process',
        MILLRACE_OTLP_GRPC_PORT: String(ports.grpc),
        MILLRACE_SYSLOG_PROJECT: 'shop',
        MILLRACE_SYSLOG_PORT: String(ports.syslog),
        MILLRACE_STATSD_PROJECT: 'shop',
        MILLRACE_STATSD_PORT: String(ports.statsd),
      },
    });
    ({ client } = await millrace.owner());
    const project = await client.projects.create({ body: { slug: 'shop', name: 'Shop' } });
    projectId = project.id;
    key = new URL(project.dsn).username;
    // It adds up ten seconds before it writes, so it begins first.
    const socket = createSocket('udp4');
    const lines = [
      'sold:3|c|#kind:book,env:production',
      'sold:1|c|@0.5|#kind:book,env:production',
      'took:20|ms',
      'took:40|ms',
    ];
    socket.send(lines.join('\n'), ports.statsd, '127.0.0.1', () => socket.close());
    site = await servePages(`${millrace.url}/browser/millrace.js`, key);
    if (browserThere()) browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
    for (const child of started) child.kill('SIGKILL');
    await millrace?.stop();
    if (millrace) await removeDirectory(millrace.dataDir);
    await removeDirectory(folder);
  });

  /** The first row of an answer once it satisfies. */
  const until = (nrql: string, satisfied: (row: readonly unknown[]) => boolean) =>
    eventually(nrql, async () => {
      const { rows } = await client.telemetry.query({ body: { nrql, projectId } });
      return rows[0] && satisfied(rows[0]) && rows[0];
    });

  describe.each([
    // Without a line of code: what the auto-instrumentations set up of themselves.
    ['http/protobuf', '@opentelemetry/auto-instrumentations-node/register', () => millrace.url],
    ['grpc', join(fixture, 'sdk.cjs'), () => `http://127.0.0.1:${ports.grpc}`],
  ])('OpenTelemetry’s SDK with auto-instrumentations over %s', (protocol, required, endpoint) => {
    const service = `shop-${protocol.slice(0, 4)}`;
    let output = '';

    beforeAll(async () => {
      const child = spawn(process.execPath, ['--require', required, join(fixture, 'app.cjs')], {
        env: {
          PATH: process.env.PATH,
          OTEL_SERVICE_NAME: service,
          OTEL_RESOURCE_ATTRIBUTES: 'service.version=r4-abcdef0,deployment.environment.name=production',
          OTEL_EXPORTER_OTLP_ENDPOINT: endpoint(),
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${key}`,
          OTEL_METRICS_EXPORTER: 'otlp',
          OTEL_LOGS_EXPORTER: 'otlp',
          OTEL_METRIC_EXPORT_INTERVAL: '1000',
          OTEL_METRIC_EXPORT_TIMEOUT: '1000',
          OTEL_BSP_SCHEDULE_DELAY: '500',
          OTEL_BLRP_SCHEDULE_DELAY: '500',
          OTEL_NODE_RESOURCE_DETECTORS: 'env,host',
        },
      });
      started.push(child);
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
      const port = await eventually('the service', async () => /^\{"port":(\d+)\}$/m.exec(output)?.[1]).catch(
        (error) => {
          throw new Error(`${String(error)}\n${output.slice(-4000)}`);
        },
      );
      for (const path of ['/order', '/order', '/broken']) await fetch(`http://127.0.0.1:${port}${path}`);
    });

    it('brings transactions and spans that hang together', async () => {
      const row = await until(
        `SELECT count(*), filter(count(*), WHERE error IS true), uniques(release), uniques(environment) FROM Transaction WHERE service = '${service}'`,
        ([count]) => count === 5,
      );
      expect(row.slice(1)).toEqual([1, ['r4-abcdef0'], ['production']]);
      const [spans, kinds] = await until(
        `SELECT count(*), uniques(kind) FROM Span WHERE service = '${service}' AND traceId IN
         (SELECT traceId FROM Transaction WHERE service = '${service}' AND url.path = '/order' LIMIT 1)`,
        ([count]) => Number(count) >= 3,
      );
      expect(spans).toBeGreaterThanOrEqual(3);
      expect(kinds).toEqual(expect.arrayContaining(['server', 'client']));
    });

    it('brings metrics, its own and those of the instrumentations', async () => {
      await until(
        `SELECT sum(orders) FROM Metric WHERE service = '${service}' AND kind = 'book'`,
        ([sum]) => sum === 4,
      );
      await until(
        `SELECT count(http.server.request.duration) FROM Metric WHERE service = '${service}'`,
        ([count]) => Number(count) > 0,
      );
    });

    it('brings logs, in the traces they were written in', async () => {
      const [, level, price] = await until(
        `SELECT message, level, price FROM Log WHERE service = '${service}' AND message = 'ordered' AND traceId IN
         (SELECT traceId FROM Span WHERE service = '${service}')`,
        ([message]) => message === 'ordered',
      );
      expect([level, String(price)]).toEqual(['warn', '7']);
    });
  });

  it.skipIf(!existsSync(logger))(
    `logger over UDP and TCP, in the old form and the new${existsSync(logger) ? '' : ' (skipped: no logger here)'}`,
    async () => {
      const to = ['--server', '127.0.0.1', '--port', String(ports.syslog)];
      await run(logger, [...to, '--udp', '--rfc3164', '--tag', 'old-udp', '--priority', 'daemon.err', 'disk is full']);
      await run(logger, [
        ...[...to, '--tcp', '--rfc5424', '--tag', 'new-tcp', '--priority', 'local3.warning'],
        ...['--msgid', 'DISK', '--sd-id', 'place@1', '--sd-param', 'room="7"', 'disk is full'],
      ]);
      await run(logger, [...to, '--tcp', '--octet-count', '--tag', 'json', '{"level":"error","msg":"no","order":7}']);
      const of = (service: string, ...more: string[]): string =>
        `SELECT message, level, facility, ${more.join(', ')} FROM Log WHERE service = '${service}'`;
      const old = await until(of('old-udp', 'host'), ([message]) => message === 'disk is full');
      expect(old.slice(1, 3)).toEqual(['error', 'daemon']);
      const modern = await until(
        of('new-tcp', '`place@1.room`', 'messageId'),
        ([message]) => message === 'disk is full',
      );
      expect(modern.slice(1)).toEqual(['warn', 'local3', '7', 'DISK']);
      const json = await until(of('json', '`order`'), ([message]) => message === 'no');
      expect(json.slice(1)).toEqual(['error', 'user', 7]);
    },
  );

  const both = existsSync(logger) && existsSync(rsyslogd);
  it.skipIf(!both)(`rsyslog forwards what it takes${both ? '' : ' (skipped: no rsyslogd here)'}`, async () => {
    const config = join(folder, 'rsyslog.conf');
    const socket = join(folder, 'log');
    await writeFile(
      config,
      `module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${socket}" CreatePath="on")
global(workDirectory="${folder}")
action(type="omfwd" target="127.0.0.1" port="${ports.syslog}" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
action(type="omfwd" target="127.0.0.1" port="${ports.syslog}" protocol="udp" template="RSYSLOG_TraditionalForwardFormat")
`,
    );
    const child = spawn(rsyslogd, ['-n', '-f', config, '-i', join(folder, 'rsyslog.pid')], { stdio: 'ignore' });
    started.push(child);
    await eventually('rsyslogd', async () => existsSync(socket));
    for (let index = 0; index < 50; index += 1)
      await run(logger, ['-u', socket, '-t', 'cron', '-p', 'cron.crit', `backup ${index} failed`]);
    // Once over TCP, once over UDP.
    const row = await until(
      "SELECT count(*), uniqueCount(message), uniques(level), uniques(facility) FROM Log WHERE service = 'cron'",
      ([count]) => count === 100,
    );
    expect(row.slice(1)).toEqual([50, ['fatal'], ['cron']]);
  });

  it('StatsD, as its clients write it', async () => {
    const [sum] = await until(
      "SELECT sum(sold) FROM Metric WHERE kind = 'book' AND environment = 'production'",
      ([sold]) => Number(sold) > 0,
    );
    expect(sum).toBe(5);
    const took = await until('SELECT count(took), max(took) FROM Metric', ([count]) => Number(count) > 0);
    expect(took).toEqual([2, 40]);
  });

  const checks = nagiosThere();
  it.skipIf(!checks)(
    `Nagios sends what its plugins measured${checks ? '' : ' (skipped: no nagios4 here)'}`,
    async () => {
      const own = join(folder, 'nagios');
      started.push(await startNagios(own, `${millrace.url}/nagios/v1/perfdata`, key));
      const [load] = await until(
        "SELECT latest(load1), count(load1) FROM Metric WHERE host = 'press' AND check = 'Load'",
        ([, count]) => Number(count) > 1,
      );
      expect(load).toBeGreaterThanOrEqual(0);
      const disk = await until(
        "SELECT latest(`/`), latest(unit) FROM Metric WHERE host = 'press' AND check = 'Disk'",
        ([used]) => Number(used) > 0,
      );
      expect(disk[0]).toBeGreaterThan(1e6);
      expect(disk[1]).toBe('B');
      const printer = await until(
        "SELECT latest(state), latest(message) FROM CheckResult WHERE host = 'press' AND name = 'Printer'",
        ([state]) => state !== null,
      );
      expect(printer).toEqual(['critical', 'CRITICAL: it is out of paper']);
    },
  );

  const exports = existsSync(nodeExporter);
  it.skipIf(!exports)(`node_exporter is scraped${exports ? '' : ' (skipped: no node_exporter here)'}`, async () => {
    const port = await freePort();
    const child = spawn(nodeExporter, [`--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
    started.push(child);
    // The file is read again when it changed.
    await writeFile(
      join(folder, 'prometheus.yml'),
      `scrape_configs:
  - { job_name: machine, scrape_interval: 1s, static_configs: [{ targets: ['127.0.0.1:${port}'], labels: { rack: '7' } }] }
  - { job_name: gone, scrape_interval: 1s, static_configs: [{ targets: ['127.0.0.1:${await freePort()}'] }] }
`,
    );
    const row = await until(
      "SELECT latest(node_memory_MemTotal_bytes), latest(up), uniques(rack), sum(node_cpu_seconds_total) FROM Metric WHERE service = 'machine'",
      ([memory, up, , cpu]) => typeof memory === 'number' && up === 1 && Number(cpu) > 0,
    );
    expect(row[0]).toBeGreaterThan(1e8);
    expect(row[2]).toEqual(['7']);
    // A target that does not answer is down, and the accounts say so.
    await until("SELECT latest(up) FROM Metric WHERE service = 'gone'", ([up]) => up === 0);
    const { sources } = await client.telemetry.ingest();
    const reasons = sources.flatMap((source) => Object.keys(source.reasons));
    expect(reasons).toContainEqual(expect.stringMatching(/^scrape of http:.*ECONNREFUSED$/));
  });

  describe.skipIf(!browserThere())(
    `the script for pages${browserThere() ? '' : ' (skipped: no Chromium here)'}`,
    () => {
      it('is small', async () => {
        const answer = await fetch(`${millrace.url}/browser/millrace.js`, {
          headers: { 'accept-encoding': 'identity' },
        });
        expect(gzipSync(await answer.text()).length).toBeLessThan(8000);
      });

      it('tells of views, vitals, time, errors and events of one’s own', async () => {
        const page = await browser.newPage();
        await page.goto(`${site.url}start?secret=1`);
        await page.waitForTimeout(300);
        await page.click('#buy');
        await page.click('#go');
        await page.click('#fail');
        await page.waitForTimeout(300);
        await page.goto('about:blank');
        const paths = await until(
          'SELECT uniques(pagePath), uniqueCount(pageViewId), uniqueCount(sessionId) FROM PageView',
          ([, views]) => views === 2,
        );
        expect([(paths[0] as string[]).sort(), paths[2]]).toEqual([['/next', '/start'], 1]);
        const vitals = await until(
          'SELECT latest(largestContentfulPaint), latest(cumulativeLayoutShift), latest(timeToFirstByte), latest(interactionToNextPaint), average(timeOnPage) FROM PageViewTiming',
          (row) => row.every((value) => typeof value === 'number'),
        );
        expect(vitals[0]).toBeLessThan(30);
        expect(vitals[4]).toBeGreaterThan(0.1);
        const bought = await until(
          "SELECT sum(total), uniques(plan), uniques(userAgentName), uniques(service) FROM Purchase WHERE pagePath = '/start'",
          ([sum]) => sum === 42,
        );
        expect(bought.slice(1)).toEqual([['pro'], ['Chrome'], ['shop-web']]);
        await until("SELECT count(*) FROM JavaScriptError WHERE errorClass = 'TypeError'", ([count]) => count === 1);
        const issue = await eventually('the issue', async () => {
          const { items } = await client.errors.listIssues({ query: { project: projectId } });
          return items.find(({ title }) => title.includes('TypeError'));
        });
        expect(issue.culprit).toContain('fail');
        const found = await until(
          "SELECT count(*) FROM PageView, PageViewTiming, JavaScriptError WHERE pagePath LIKE '%secret%'",
          () => true,
        );
        expect(found[0]).toBe(0);
      });

      it('keeps silent before consent, and for whoever asks not to be tracked', async () => {
        const sent: string[] = [];
        const open = async (path: string, init?: string) => {
          const page = await browser.newPage();
          page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
          if (init) await page.addInitScript(init);
          await page.goto(site.url + path);
          await page.waitForTimeout(300);
          return page;
        };
        const dnt = await open('dnt', "Object.defineProperty(navigator, 'doNotTrack', { value: '1' })");
        await dnt.goto('about:blank');
        const asking = await open('asking?consent');
        expect(await asking.evaluate('[sessionStorage.length, localStorage.length]')).toEqual([0, 0]);
        expect(sent).toEqual([]);
        await asking.click('#agree');
        await until(
          "SELECT count(*), uniqueCount(visitorId) FROM PageView WHERE pagePath = '/asking'",
          ([count, visitors]) => count === 1 && visitors === 1,
        );
        expect(sent.length).toBeGreaterThan(0);
        // And whatever else sends in the name of such a browser is not believed to have asked.
        const refused = await fetch(`${millrace.url}/browser/v1/events?key=${key}`, {
          method: 'POST',
          headers: { dnt: '1' },
          body: JSON.stringify({ events: [{ type: 'PageView', ago: 0, attributes: { pagePath: '/dnt' } }] }),
        });
        expect(refused.status).toBe(204);
        const [count] = await until("SELECT count(*) FROM PageView WHERE pagePath = '/dnt'", () => true);
        expect(count).toBe(0);
      });
    },
  );

  it('all of them stand in the accounts', async () => {
    const { sources } = await client.telemetry.ingest();
    const types = sources
      .filter((source) => source.projectId === projectId && source.accepted > 0)
      .map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['Log', 'Metric', 'Span', 'Transaction']));
  });
});
