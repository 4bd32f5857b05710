import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

const run = promisify(execFile);
const fixture = join(import.meta.dirname, '..', 'fixtures', 'newrelic');

/**
 * New Relic's own Node agent (13.20, as published), told nothing but host, port, licence key and certificate, in a service that
 * knows nothing of Millrace.
 */
describe('the New Relic agent', () => {
  let millrace: RunningMillrace;
  let client: Client;
  let application: string;
  let service: ChildProcess;
  let output = '';
  let base: string;
  let projectId: string;

  beforeAll(async () => {
    application = await temporaryDirectory();
    await cp(fixture, application, { recursive: true });
    await run('npm', ['ci', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: application });
    const tlsPort = await freePort();
    millrace = await startMillrace({ env: { MILLRACE_RUNTIME: 'process', MILLRACE_TLS_PORT: String(tlsPort) } });
    ({ client } = await millrace.owner());
    const project = await client.projects.create({ body: { slug: 'shop', name: 'Shop' } });
    projectId = project.id;
    service = spawn(process.execPath, ['-r', 'newrelic', 'app.cjs'], {
      cwd: application,
      env: {
        PATH: process.env.PATH,
        NEW_RELIC_APP_NAME: 'basket',
        NEW_RELIC_HOST: '127.0.0.1',
        NEW_RELIC_PORT: String(tlsPort),
        NEW_RELIC_LICENSE_KEY: new URL(project.dsn).username,
        NODE_EXTRA_CA_CERTS: join(millrace.dataDir, 'tls', 'ca.pem'),
        NEW_RELIC_LABELS: 'Environment:production',
        NEW_RELIC_METADATA_RELEASE_TAG: 'r7-abc1234',
        // It would look around for a cloud it may run in.
        ...Object.fromEntries(
          ['AWS', 'AZURE', 'AZUREFUNCTION', 'GCP', 'PCF', 'DOCKER', 'KUBERNETES'].map((vendor) => [
            `NEW_RELIC_UTILIZATION_DETECT_${vendor}`,
            'false',
          ]),
        ),
        NEW_RELIC_LOG_LEVEL: 'info',
        NEW_RELIC_LOG: 'stdout',
      },
    });
    for (const stream of [service.stdout!, service.stderr!]) stream.on('data', (chunk) => (output += String(chunk)));
    const port = await eventually('the agent to connect', async () => /^\{"port":(\d+)\}$/m.exec(output)?.[1]).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}\n${output.slice(-4000)}`);
      },
    );
    base = `http://127.0.0.1:${port}`;
    for (const path of ['/book', '/pen', '/pen', '/void', '/outer'])
      await fetch(base + path).then((answer) => answer.text());
  });
  afterAll(async () => {
    service?.kill('SIGKILL');
    await millrace?.stop();
    if (millrace) await removeDirectory(millrace.dataDir);
    await removeDirectory(application);
  });

  /** Rows of an answer once the first cell of the first row satisfies. */
  const rows = (nrql: string, satisfied: (first: unknown) => boolean) =>
    eventually(nrql, async () => {
      const answer = await client.telemetry.query({ body: { nrql, projectId } });
      return satisfied(answer.rows[0]?.[0]) && answer.rows;
    });

  it('reports each request as a transaction of its service and release', async () => {
    const [row] = await rows(
      `SELECT count(*), uniques(service), uniques(release), uniques(environment), percentage(count(*), WHERE error IS true)
       FROM Transaction WHERE transactionType = 'Web' AND request.uri != '/inner'`,
      (first) => first === 5,
    );
    expect(row!.slice(1, 4)).toEqual([['basket'], ['r7-abc1234'], ['production']]);
    expect(row![4]).toBeCloseTo(20);
  });

  it('reports spans that hang together across a call', async () => {
    const [row] = await rows(
      `SELECT count(*), uniqueCount(traceId) FROM Span WHERE traceId IN
       (SELECT traceId FROM Transaction WHERE request.uri = '/outer')`,
      (first) => Number(first) >= 3,
    );
    expect(row![1]).toBe(1);
    await rows(`SELECT count(*) FROM Span WHERE kind = 'client'`, (first) => Number(first) >= 1);
  });

  it('reports custom events, logs and metrics', async () => {
    const [sum] = await rows(
      "SELECT sum(value), count(*) FROM Purchase WHERE service = 'basket'",
      (first) => first === 30,
    );
    expect(sum![1]).toBe(3);
    const logs = await rows("SELECT message, level FROM Log WHERE message LIKE 'sold %' LIMIT 10", (first) => !!first);
    expect(logs.map((row) => row[1])).toEqual(logs.map(() => 'warn'));
  });

  it('reports its errors, which become an issue with the line they come from', async () => {
    await rows(`SELECT count(*) FROM TransactionError WHERE error.class = 'TypeError'`, (first) => Number(first) >= 1);
    const issue = await eventually('the issue', async () => {
      const { items } = await client.errors.listIssues({ query: { project: projectId } });
      return items.find(({ title }) => title.includes('no price for void'));
    });
    expect(issue.title).toContain('TypeError');
    const { items: events } = await client.errors.listIssueEvents({ params: { issueId: issue.id } });
    expect(events.length).toBeGreaterThan(0);
  });

  it('leaves nothing behind unsent when the service stops', async () => {
    for (let index = 0; index < 20; index += 1) await fetch(`${base}/last`).then((answer) => answer.text());
    const ended = new Promise((resolve) => service.once('exit', resolve));
    service.kill('SIGTERM');
    await ended;
    await rows(`SELECT count(*) FROM Transaction WHERE request.uri = '/last'`, (first) => first === 20);
    await rows(
      `SELECT sum(newrelic.timeslice.value), count(*) FROM Metric WHERE metricTimesliceName = 'Custom/Basket'`,
      (first) => Number(first) >= 30,
    );
    expect(output).not.toMatch(/"level":50|Error while|unexpected/i);
  });
});
