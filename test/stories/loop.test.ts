import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserThere, launchBrowser } from '../harness/browser.ts';
import { eventually, processesNaming, removeDirectory, temporaryDirectory } from '../harness/millrace.ts';
import { type Complaints, complaintsOf, lookFaults } from '../harness/page-faults.ts';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const images = join(repository, 'docs', 'images');
const renewImages = process.env.MILLRACE_WRITE_DOCS === '1';

interface Told {
  url: string;
  gatewayUrl: string;
  account: { email: string; password: string };
  goodVersion: string;
  badVersion: string;
  wayBack: { errorMs: number | null; decidedMs: number; restoredMs: number };
  traffic: { requests: number; failed: number; failedElsewhere: number };
  mails: { to: string; subject: string; state: string }[];
  issue: { title: string; url: string } | null;
  chronicle: { lines: { type: string; data: Record<string, unknown> }[] };
}

const installed = (argv: string[]): boolean => {
  try {
    execFileSync(argv[0]!, argv.slice(1), { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
};

const withBrowser = browserThere();
const engineThere = installed(['docker', 'info']);

/** The loop of the README's `npm run demo`, told by the program itself, then looked at in a real browser. */
describe.skipIf(!withBrowser)(`the whole loop (${withBrowser ? 'Chromium' : 'skipped: no /usr/bin/chromium'})`, () => {
  let dataDir: string;
  let demo: ChildProcess;
  let told: Told;
  let browser: Browser;
  let page: Page;
  let complaints: Complaints;

  /** A picture for the README in both themes, when asked to renew them. */
  const picture = async (name: string): Promise<void> => {
    if (!renewImages) return;
    await page.setViewportSize({ width: 1280, height: 800 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(800);
      await page.screenshot({ path: join(images, colorScheme === 'dark' ? `${name}-dark.png` : `${name}.png`) });
    }
    await page.emulateMedia({ colorScheme: 'light' });
  };

  const bothHealthy = (): Promise<void> =>
    page.getByText('Healthy', { exact: true }).filter({ visible: true }).nth(1).waitFor({ timeout: 120_000 });

  const get = async <Answer>(path: string): Promise<Answer> =>
    (await (await page.request.get(`${told.url}/api/v1${path}`)).json()) as Answer;

  /** The address of every page there is, with what the demo left behind. */
  const everyPage = async (): Promise<string[]> => {
    interface List {
      items: { id: string; name?: string; environment?: string; status?: string; type?: string }[];
    }
    const runs = (await get<List>('/runs?limit=20')).items;
    const { jobs } = await get<{ jobs: { id: string; name: string }[] }>(`/runs/${runs.at(-1)!.id}`);
    const production = (await get<List>('/environments')).items.find((one) => one.name === 'production')!;
    const deployments = (await get<List>('/deployments?limit=50')).items;
    const [release] = (await get<List>('/projects/django-shop/releases')).items;
    const [check] = (await get<List>('/monitoring/checks')).items;
    const fact = (await get<List>('/events?types=deployments.deployment.rolled_back')).items[0]!;
    const issue = new URL(told.issue!.url).pathname;
    const run = `/runs/${runs.at(-1)!.id}`;
    const ask = (nrql: string) => `/explore?q=${encodeURIComponent(nrql)}`;
    return [
      '/',
      '/?project=django-shop',
      '/timeline',
      `/timeline?event=${fact.id}`,
      `/events/${fact.id}`,
      '/connect',
      '/pipelines',
      ...['', `?job=${jobs[0]!.id}&step=1`, '?tab=tests', '?tab=artifacts', '?tab=file'].map((tab) => run + tab),
      ...['', '?tab=history', '?tab=releases', '?tab=routes'].map((tab) => `/deployments${tab}`),
      ...deployments.map((one) => `/deployments/${one.id}`),
      ...['', '?tab=variables', '?tab=history'].map((tab) => `/environments/${production.id}${tab}`),
      `/releases/${release!.id}`,
      '/errors',
      ...['', '?tab=events', '?tab=tags', '?tab=activity', '?tab=grouping'].map((tab) => issue + tab),
      '/explore',
      ask('SELECT count(*), average(duration) FROM Transaction FACET name'),
      ask('SELECT count(*) FROM Transaction FACET service TIMESERIES'),
      ask('SELECT histogram(duration, 1, 20) FROM Transaction'),
      '/explore?tab=logs',
      '/explore?tab=traces',
      '/monitoring',
      `/monitoring/${check!.id}`,
      ...['', '?tab=conditions', '?tab=channels', '?tab=deliveries'].map((tab) => `/alerts${tab}`),
      ...['people', 'projects', 'contexts', 'tokens', 'agents', 'account'].map((tab) => `/settings?tab=${tab}`),
      ...['push', 'errors', 'secrets', 'remote', 'general'].map((tab) => `/projects/django-shop?tab=${tab}`),
      '/nowhere/at/all',
    ];
  };

  beforeAll(async () => {
    dataDir = await temporaryDirectory();
    demo = spawn(process.execPath, [join(repository, 'bin', 'millrace.js'), 'demo', '--json'], {
      cwd: repository,
      env: {
        ...process.env,
        NODE_ENV: 'production',
        MILLRACE_DATA: dataDir,
        MILLRACE_PORT: '0',
        MILLRACE_GATEWAY_PORT: '0',
        MILLRACE_INTAKE_PORT: '0',
        MILLRACE_TLS_PORT: '0',
        MILLRACE_RUNTIME: process.env.MILLRACE_RUNTIME ?? (engineThere ? 'auto' : 'process'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    demo.stderr!.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    told = await new Promise<Told>((resolve, reject) => {
      createInterface({ input: demo.stdout! }).on('line', (line) => {
        if (line.startsWith('{"event":"told"')) resolve(JSON.parse(line) as Told);
      });
      demo.on('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${errors}`)));
    });
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    complaints = complaintsOf(page);
  }, 1_200_000);

  afterAll(async () => {
    await browser?.close();
    if (demo && demo.exitCode === null) {
      const ended = new Promise((resolve) => demo.on('exit', resolve));
      demo.kill('SIGTERM');
      await ended;
    }
    if (dataDir) await removeDirectory(dataDir);
  }, 120_000);

  it('goes from a push to a rollback, each step naming its cause', () => {
    const types = told.chronicle.lines.map((line) => line.type);
    const order = [
      'projects.push.received',
      'pipelines.run.finished',
      'deployments.release.cut',
      'deployments.deployment.switched',
      'errors.issue.opened',
      'deployments.deployment.rolled_back',
    ];
    const positions = order.map((type) => types.indexOf(type));
    expect(
      positions.every((position) => position >= 0),
      `in ${types.join(', ')}`,
    ).toBe(true);
    expect([...positions].sort((a, b) => a - b)).toEqual(positions);
    const rollback = told.chronicle.lines.find((line) => line.type === 'deployments.deployment.rolled_back')!;
    expect(rollback.data.environment).toBe('production');
    expect(rollback.data.restoredVersion).toBe(told.goodVersion);
  });

  it('measures the way back: error seen, decision, last known good', () => {
    const { errorMs, decidedMs, restoredMs } = told.wayBack;
    expect(errorMs).not.toBeNull();
    expect(decidedMs).toBeGreaterThan(0);
    expect(restoredMs).toBeGreaterThan(decidedMs);
  });

  it('fails no visitor but those whom the bad release answered', () => {
    expect(told.traffic.requests).toBeGreaterThan(100);
    expect(told.traffic.failed).toBeGreaterThan(0);
    expect(told.traffic.failedElsewhere).toBe(0);
  });

  it('tells whoever’s commit it was: of a failed run, of the fixed one, of the release taken back', () => {
    expect(told.mails.map(({ to, subject }) => `${to} ${subject}`)).toEqual([
      expect.stringMatching(/^grace@shop\.example .* failed on gift-wrap: test-pricing$/),
      expect.stringMatching(/^grace@shop\.example .* fixed gift-wrap$/),
      expect.stringMatching(/^robin@shop\.example .* was taken back in production$/),
    ]);
  });

  it('shows the last known good serving, on the overview', async () => {
    await page.goto(`${told.url}/login`);
    await page.getByLabel(/e-?mail/i).fill(told.account.email);
    await page.getByLabel('Password').fill(told.account.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByText(told.goodVersion).first().waitFor();
    await bothHealthy();
    await page.getByText('Requests', { exact: true }).first().waitFor();
    await picture('overview');
  });

  it('explains the rollback on the timeline', async () => {
    await page.goto(`${told.url}/timeline`);
    await page
      .getByText(/^Took .* back in production/)
      .first()
      .click();
    const chain = page.getByRole('complementary', { name: 'Causes and effects' });
    await chain.getByText(/^Pushed /).waitFor();
    await chain.getByText(/New error .*KeyError/).waitFor();
    await picture('timeline');
  });

  it('shows the error with its stack, and the release that brought it', async () => {
    expect(told.issue).not.toBeNull();
    await page.goto(told.issue!.url);
    await page.getByText('KeyError').first().waitFor();
    await page.getByText(told.badVersion).first().waitFor();
    await page.getByText('Probably caused by').waitFor();
    await picture('issue');
  });

  it('shows what runs where', async () => {
    await page.goto(`${told.url}/deployments`);
    await page.getByRole('table', { name: 'What runs where' }).waitFor();
    await bothHealthy();
    await picture('deployments');
  });

  it('answers a question in NRQL, and points at a mistake in one', async () => {
    const counted = "SELECT count(*) FROM Event WHERE event = 'deployments.deployment.rolled_back' SINCE 1 hour ago";
    await page.goto(`${told.url}/explore`);
    await page.getByLabel('NRQL query').fill(counted);
    await page.keyboard.press('Control+Enter');
    await page.getByRole('definition').getByText('1', { exact: true }).waitFor();
    complaints.take();
    await page.getByLabel('NRQL query').fill('SELECT count(*) FORM Event');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('alert').getByText('1:17').waitFor();
    // The refusal itself is an answer of 400, which the browser notes.
    expect(complaints.take().every((one) => one.includes('400'))).toBe(true);
  });

  it('left telemetry of every kind behind, and NRQL answers each', async () => {
    const kinds =
      'Transaction Span Log Metric ErrorEvent Deployment PipelineRun CheckResult GatewayRequest Event'.split(' ');
    // Nothing in the shop measures for itself, so a meter of OpenTelemetry's does it here.
    const { dsn } = await get<{ dsn: string }>('/projects/django-shop');
    const reader = new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({
        url: `${told.url}/v1/metrics`,
        headers: { authorization: `Bearer ${new URL(dsn).username}` },
      }),
    });
    const meters = new MeterProvider({ readers: [reader] });
    meters.getMeter('till').createCounter('orders').add(3);
    await meters.shutdown();
    const headers = { origin: told.url, 'x-millrace-client': '1' };
    const counted = await eventually('an answer for every kind', async () => {
      const counts = await Promise.all(
        kinds.map(async (kind) => {
          const data = { nrql: `SELECT count(*) FROM ${kind} SINCE 1 hour ago` };
          const answer = await page.request.post(`${told.url}/api/v1/query`, { headers, data });
          const { rows } = (await answer.json()) as { rows: [[number]] };
          return [kind, rows[0][0]] as const;
        }),
      );
      return counts.every(([, count]) => count > 0) && counts;
    });
    console.log(`telemetry of the loop: ${counted.map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
  });

  it('can be driven by keys alone', async () => {
    await page.goto(told.url);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.getByRole('heading', { level: 1, name: 'Errors' }).waitFor();
    await page.getByRole('table', { name: 'Issues' }).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /Error/ }).waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type(told.goodVersion);
    await page.getByRole('option', { name: /production/ }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it.each([
    ['light', 1440],
    ['dark', 390],
  ] as const)('looks right on every page, %s and %i px wide', async (colorScheme, width) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    complaints.take();
    const faults: string[] = [];
    for (const path of await everyPage()) {
      await page.goto(told.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('[class*=_bone_]').first().waitFor({ state: 'detached', timeout: 60_000 });
      // Charts and logs come in parts of their own.
      await page.waitForTimeout(200);
      for (const fault of [...(await lookFaults(page)), ...complaints.take()]) faults.push(`${path}: ${fault}`);
    }
    expect(faults).toEqual([]);
  });

  it('rolls back by hand in two presses, and shows it live', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${told.url}/deployments`);
    await page.getByRole('button', { name: 'Roll back' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('taken back').first().waitFor();
    await dialog.getByRole('button', { name: `Roll back to ${told.goodVersion}` }).click();
    await page.getByRole('heading', { level: 1, name: /Roll back to/ }).waitFor();
    await page.getByRole('status').getByText('Succeeded').waitFor({ timeout: 300_000 });
    expect(complaints.take()).toEqual([]);
  });

  it('leaves neither process nor container behind when it is stopped', async () => {
    const installation = readFileSync(join(dataDir, 'demo', 'server-id'), 'utf8').trim();
    const ended = new Promise((resolve) => demo.on('exit', resolve));
    demo.kill('SIGTERM');
    await ended;
    await eventually('no process naming the data directory', async () => (await processesNaming(dataDir)).length === 0);
    if (!engineThere) return;
    for (const list of [
      ['ps', '-aq'],
      ['network', 'ls', '-q'],
      ['volume', 'ls', '-q'],
    ]) {
      const found = execFileSync('docker', [...list, '--filter', `label=io.millrace.installation=${installation}`]);
      expect(found.toString().trim(), list[0]).toBe('');
    }
  });
});
