import { execFile } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { eventually, type RunningMillrace, removeDirectory, startMillrace } from '../harness/millrace.ts';
import { createSmallProject, greenRun, type SmallProject } from '../harness/small-project.ts';

const secrets = {
  project: 'kestrel-of-the-project-71',
  context: 'heron-of-a-context-8822',
  environment: 'dipper-of-production-9393',
};
type Secret = keyof typeof secrets;

/** How a value looks in text, and what of its base64 can be known wherever it begins in what was encoded. */
const formsOf = (value: string): string[] => [
  value,
  Buffer.from(value).toString('hex'),
  encodeURIComponent(value),
  ...[0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]).toString('base64');
    return text.slice(before === 0 ? 0 : before + 1, 4 * Math.floor((before + value.length) / 3));
  }),
];

/** Bytes that are taken from a step's output at a time. */
const pieceBytes = 256 * 1024;

const pipeline = `version: 2.1
jobs:
  leak:
    machine: true
    steps:
      - run: { name: Plain, command: 'echo "plain $KEY and $SHARED"' }
      - run: { name: Encoded, command: 'printf "user:%s" "$KEY" | base64; printf %s "$SHARED" | base64; printf %s "$KEY" | od -An -tx1 | tr -d " \\n"; echo' }
      - run: { name: In two, command: 'printf "halves "; printf %s "$KEY" | cut -c1-9 | tr -d "\\n"; sleep 1; printf %s "$KEY" | cut -c10-' }
      - run: { name: Over the border, command: 'head -c ${pieceBytes - 10} /dev/zero | tr "\\0" x; echo "$KEY"; echo after' }
      - run: { name: Everything, command: env }
      - run:
          name: Report
          command: |
            mkdir -p results files
            touch "files/of-$KEY.txt"
            cat > results/junit.xml \\<<END
            <testsuite name="suite $KEY"><testcase classname="c $SHARED" name="logs in with $KEY" file="$KEY.py">
            <failure message="$KEY was refused">expected $SHARED
            got $(printf %s "$KEY" | base64)</failure></testcase></testsuite>
            END
      - store_test_results: { path: results }
      - store_artifacts: { path: files }
workflows: { all: { jobs: [{ leak: { context: [shared] } }] } }
`;

/** A service that prints the secret it was given, and sends it: in an error with Sentry's SDK, in a log record and a span of OTLP. */
const server = `const http = require('http');
const Sentry = require(${JSON.stringify(join(import.meta.dirname, '../../node_modules/@sentry/node'))});
Sentry.init({ dsn: process.env.SENTRY_DSN });
const value = process.env.DB_PASSWORD;
console.log('started with ' + value);
console.error('encoded ' + Buffer.from(value).toString('base64'));
process.stdout.write('halves ' + value.slice(0, 12));
setTimeout(() => console.log(value.slice(12)), 700);
const server = http.createServer((request, response) => {
  if (request.url === '/plain') console.log('asked for ' + request.url);
  if (request.url === '/send') {
    Sentry.addBreadcrumb({ message: 'connects as shop:' + value });
    Sentry.captureException(new Error('refused ' + value), { extra: { [value]: Buffer.from(value).toString('base64') } });
    const headers = { 'content-type': 'application/json' };
    for (const pair of (process.env.OTEL_EXPORTER_OTLP_HEADERS || '').split(',')) {
      if (pair.includes('=')) headers[pair.slice(0, pair.indexOf('='))] = decodeURIComponent(pair.slice(pair.indexOf('=') + 1));
    }
    const send = (signal, body) => fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + '/v1/' + signal, { method: 'POST', headers, body: JSON.stringify(body) });
    const now = Date.now() + '000000';
    send('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: now, body: { stringValue: 'told of ' + value } }] }] }] });
    send('traces', { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), name: 'connect',
      startTimeUnixNano: now, endTimeUnixNano: now, attributes: [{ key: 'db.url', value: { stringValue: 'pg://' + encodeURIComponent(value) } }] }] }] }] });
  }
  response.end(require('fs').readFileSync('version.txt', 'utf8').trim());
});
server.listen(process.env.PORT, '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

/** Secrets that jobs and services print in every way: nowhere that people or programs look do they come out again. */
describe('secrets', () => {
  let millrace: RunningMillrace;
  let client: Client;
  let token: string;
  let project: SmallProject;
  let runId: string;

  beforeAll(async () => {
    millrace = await startMillrace({ env: { MILLRACE_RUNTIME: 'process' } });
    ({ client, token } = await millrace.owner());
    project = await createSmallProject(
      { client, token, url: millrace.url },
      {
        '.circleci/config.yml': pipeline,
        'server.cjs': server,
        'millrace.yaml': `environments: { production: { from: main } }
rollout: { healthyWithin: 60s, drain: 1s, verify: { for: 1s } }
`,
      },
    );
    const ofProject = { project: project.slug };
    await client.secrets.setProjectSecret({
      params: { ...ofProject, name: 'KEY' },
      body: { value: secrets.project },
    });
    await client.secrets.createContext({ body: { name: 'shared' } });
    await client.secrets.setContextSecret({
      params: { context: 'shared', name: 'SHARED' },
      body: { value: secrets.context },
    });
    await client.secrets.setEnvironmentSecret({
      params: { ...ofProject, environment: 'production', name: 'DB_PASSWORD' },
      body: { value: secrets.environment },
    });
    await project.commit('one');
    await project.push();
    runId = (await greenRun(client, project.slug)).id;
    await eventually(
      'production serves',
      async () => {
        const { items } = await client.deployments.listEnvironments({ query: { project: project.slug } });
        return items[0]?.lastGood && !items[0].active;
      },
      120_000,
    );
  });

  afterAll(async () => {
    await project?.remove();
    await millrace?.stop();
    if (millrace) await removeDirectory(millrace.dataDir);
  });

  function expectHidden(text: string, where: string): void {
    for (const [name, value] of Object.entries(secrets) as [Secret, string][]) {
      for (const form of formsOf(value)) expect(text.includes(form), `${form} (${name}) in ${where}`).toBe(false);
    }
  }

  const visit = (path: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(millrace.gatewayUrl);
      const headers = { host: `production.${project.slug}.localhost:${port}` };
      request({ host: '127.0.0.1', port, headers, path, agent: false }, (answer) => {
        answer.resume().on('end', resolve);
      })
        .on('error', reject)
        .end();
    });

  const get = async (path: string): Promise<string> => {
    const answer = await fetch(`${millrace.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status, path).toBe(200);
    return answer.text();
  };

  const query = async (nrql: string): Promise<string> => {
    const { rows } = await client.telemetry.query({ body: { nrql, projectId: project.slug } });
    return JSON.stringify(rows);
  };

  it('are masked in the log of a step: plain, encoded, in two writes, and over the border of what is read at a time', async () => {
    const { jobs } = await client.pipelines.getRun({ params: { id: runId } });
    const job = await client.pipelines.getJob({ params: { id: jobs[0]!.id } });
    const logs: Record<string, string> = {};
    for (const step of job.steps) {
      const log = await get(`/jobs/${job.id}/steps/${step.number}/log/raw`);
      logs[step.name] = log;
      expectHidden(log, `the log of ${step.name}`);
      expectHidden(await get(`/jobs/${job.id}/steps/${step.number}/log?limit=5000`), `lines of ${step.name}`);
      for (const value of Object.values(secrets)) {
        const found = await get(`/jobs/${job.id}/steps/${step.number}/log/search?text=${value}`);
        expect(JSON.parse(found)).toMatchObject({ lines: [] });
      }
    }
    expect(logs.Plain).toBe('plain **** and ****\n');
    expect(logs.Encoded!.split('\n').filter((line) => !line.includes('****'))).toEqual(['']);
    expect(logs['In two']).toBe('halves ****\n');
    expect(logs['Over the border']).toMatch(/^x+\*\*\*\*\nafter\n$/);
    expect(logs.Everything).toContain('KEY=****\n');
    expectHidden(await get(`/runs/${runId}`), 'the run');
    expectHidden(JSON.stringify(job), 'the job');
  });

  it('are masked in test results and in the names of artifacts', async () => {
    const tests = await get(`/runs/${runId}/tests`);
    expectHidden(tests, 'test results');
    expect((JSON.parse(tests) as { items: object[] }).items).toMatchObject([
      {
        suite: 'suite ****',
        className: 'c ****',
        name: 'logs in with ****',
        file: '****.py',
        message: '**** was refused',
        details: expect.stringMatching(/^expected \*{4}\s+got \*{4}=*$/),
      },
    ]);
    const artifacts = await get(`/runs/${runId}/artifacts`);
    expectHidden(artifacts, 'the list of artifacts');
    expect((JSON.parse(artifacts) as { items: object[] }).items).toMatchObject([{ path: 'files/of-****.txt' }]);
  });

  it('are masked in the log of a service, in what is asked of telemetry, and in the tail', async () => {
    await visit('/plain');
    const messages = await eventually('what the service said', async () => {
      const found = await query("SELECT message FROM Log WHERE service = 'web' SINCE 1 hour ago LIMIT MAX");
      return found.includes('halves ****') && found.includes('asked for /plain') && found;
    });
    expect(messages).toContain('started with ****');
    expect(messages).toContain('encoded ****');
    expectHidden(messages, 'Log of the service');
    expectHidden(await query('SELECT message FROM Log SINCE 1 hour ago LIMIT MAX'), 'Log');
    expectHidden(await query('SELECT * FROM Event SINCE 1 hour ago LIMIT MAX'), 'Event');
    expectHidden(await query('SELECT uniques(message) FROM Log SINCE 1 hour ago'), 'unique messages');
    expect(await query("SELECT count(*) FROM Log WHERE message LIKE 'plain %' SINCE 1 hour ago")).toBe('[[1]]');
    for (const value of Object.values(secrets)) {
      expect(await query(`SELECT count(*) FROM Log WHERE message LIKE '%${value}%' SINCE 1 hour ago`)).toBe('[[0]]');
    }
    const { items } = await client.telemetry.logs({ query: { projectId: project.slug, limit: 1000 } });
    expect(items.length).toBeGreaterThan(5);
    expectHidden(JSON.stringify(items), 'logs');
  });

  it('are masked in the errors, log records and spans that a service sends by itself', async () => {
    await visit('/send');
    const { items } = await eventually('the error came', async () => {
      const found = await client.errors.listIssues({ query: { project: project.slug } });
      return found.items.length > 0 && found;
    });
    expect(items[0]!.title).toContain('refused ****');
    const issue = await get(`/errors/issues/${items[0]!.id}`);
    const { items: events } = await client.errors.listIssueEvents({ params: { issueId: items[0]!.id }, query: {} });
    const event = await get(`/errors/events/${events[0]!.id}`);
    expect(event).toContain('connects as shop:****');
    expectHidden(issue + event, 'the issue');
    const told = await eventually('the log record and the span came', async () => {
      const log = await query("SELECT message FROM Log WHERE message LIKE 'told of%' SINCE 1 hour ago");
      const span = await query("SELECT * FROM Span WHERE name = 'connect' SINCE 1 hour ago");
      return log.includes('told of') && span.includes('pg://') && log + span;
    });
    expect(told).toContain('told of ****');
    expect(told).toContain('pg://****');
    expectHidden(told, 'telemetry');
    expectHidden(await query('SELECT * FROM ErrorEvent SINCE 1 hour ago LIMIT MAX'), 'ErrorEvent');
  });

  it('are in no fact, no list and no message, and the server says none either', async () => {
    const events = await get('/events?limit=200');
    expect(events).toContain('secrets.secret.set');
    expectHidden(events, 'the event log');
    for (const path of [
      `/secrets/projects/${project.slug}`,
      `/secrets/projects/${project.slug}/environments/production`,
      '/secrets/contexts',
      '/secrets/accesses',
      '/deployments',
      '/environments',
      '/releases?limit=10',
      '/alerts/deliveries',
    ]) {
      const answer = await fetch(`${millrace.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
      expectHidden(await answer.text(), path);
    }
    expectHidden(millrace.output(), 'what the server printed');
  });

  it('lie readable in no store on disk', async () => {
    const sought = join(millrace.dataDir, 'sought');
    await writeFile(sought, `${Object.values(secrets).join('\n')}\n`);
    const found = await new Promise<string>((resolve) => {
      execFile('grep', ['-rlaFf', sought, millrace.dataDir], (_, out) => resolve(out));
    });
    const files = found
      .trim()
      .split('\n')
      .map((path) => path.slice(millrace.dataDir.length + 1));
    expect(files).toContain('sought');
    // A program writes its own output before Millrace reads it; the file goes with the instance.
    const own = files.filter((path) => !/^deployments\/process\/instances\/[^/]+\/std(out|err)$/.test(path));
    expect(own).toEqual(['sought']);
    for (const path of files.filter((one) => one !== 'sought')) expect(await openToOthers(path)).toBe(false);
  });

  /** Whether another user of the machine could read a file of the data directory. */
  async function openToOthers(path: string): Promise<boolean> {
    const parts = path.split('/');
    const places = parts.map((_, index) => join(millrace.dataDir, ...parts.slice(0, index + 1)));
    const modes = await Promise.all(places.map(async (place) => (await stat(place)).mode));
    return modes.every((mode, index) => (mode & (index === modes.length - 1 ? 0o004 : 0o001)) !== 0);
  }
});
