import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, processesNaming, removeDirectory, temporaryDirectory } from '../harness/millrace.ts';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const images = join(repository, 'docs', 'images');
const chromiumPath = '/usr/bin/chromium';

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

const browserThere = installed([chromiumPath, '--version']);
const engineThere = installed(['docker', 'info']);

/** The loop of the README's `npm run demo`, told by the program itself, then looked at in a real browser. */
describe.skipIf(!browserThere)(
  `the whole loop (${browserThere ? 'Chromium' : 'skipped: no /usr/bin/chromium'})`,
  () => {
    let dataDir: string;
    let demo: ChildProcess;
    let told: Told;
    let browser: Browser;
    let page: Page;
    const complaints: string[] = [];

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
          MILLRACE_RUNTIME: engineThere ? 'auto' : 'process',
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
      browser = await chromium.launch({
        executablePath: chromiumPath,
        args: [
          '--no-sandbox',
          '--disable-gpu',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
          '--disable-quic',
        ],
      });
      page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      page.on('pageerror', (error) => complaints.push(error.message));
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
      await page
        .getByLabel(/password/i)
        .first()
        .fill(told.account.password);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      await page.getByText(told.goodVersion).first().waitFor();
      mkdirSync(images, { recursive: true });
      await page.waitForTimeout(800);
      await page.screenshot({ path: join(images, 'overview.png') });
    });

    it('explains the rollback on the timeline', async () => {
      await page.goto(`${told.url}/timeline`);
      await page
        .getByText(/^Took .* back in production/)
        .first()
        .waitFor();
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(images, 'timeline.png') });
    });

    it('shows the error with its stack, and the release that brought it', async () => {
      expect(told.issue).not.toBeNull();
      await page.goto(told.issue!.url);
      await page.getByText('KeyError').first().waitFor();
      await page.getByText(told.badVersion).first().waitFor();
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(images, 'issue.png') });
    });

    it('answers a question in NRQL', async () => {
      await page.goto(`${told.url}/deployments`);
      await page.getByText('production').first().waitFor();
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(images, 'deployments.png') });
      const answer = await page.request.post(`${told.url}/api/v1/query`, {
        headers: { 'x-millrace-request': '1', origin: told.url },
        data: {
          nrql: "SELECT count(*) FROM Event WHERE event = 'deployments.deployment.rolled_back' SINCE 1 hour ago",
        },
      });
      expect(answer.status()).toBe(200);
      expect((await answer.json()).rows).toEqual([[1]]);
    });

    it('had no error in the browser', () => {
      expect(complaints).toEqual([]);
    });

    it('leaves neither process nor container behind when it is stopped', async () => {
      const installation = readFileSync(join(dataDir, 'demo', 'server-id'), 'utf8').trim();
      const ended = new Promise((resolve) => demo.on('exit', resolve));
      demo.kill('SIGTERM');
      await ended;
      await eventually(
        'no process naming the data directory',
        async () => (await processesNaming(dataDir)).length === 0,
      );
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
  },
);
