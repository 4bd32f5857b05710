import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserThere, launchBrowser } from '../harness/browser.ts';
import { type RunningMillrace, removeDirectory, startMillrace, temporaryDirectory } from '../harness/millrace.ts';
import { type Complaints, complaintsOf, lookFaults } from '../harness/page-faults.ts';

const email = 'olga@example.test';
const password = 'correct horse battery';
const secret = 'hunter2-never-shown-again';
const withBrowser = browserThere();

/** A job that can be watched (and canceled, while `state` is slow), one that fails while `state` says so, and one that waits for a person. */
const pipeline = `version: 2.1
jobs:
  count:
    machine: true
    steps:
      - checkout
      - run: { name: Count, command: 'n=80; grep -q slow state && n=9000; i=1; while [ $i -le $n ]; do echo "line $i"; i=$((i+1)); sleep 0.1; done' }
  judge:
    machine: true
    steps:
      - checkout
      - run: { name: Judge, command: '! grep -q bad state' }
  note:
    machine: true
    steps:
      - run: echo noted
workflows:
  all:
    jobs:
      - count
      - judge
      - hold: { type: approval, requires: [count, judge] }
      - note: { requires: [hold] }
`;

/** What a stranger does in the first hour, in a browser, on a server that nobody owns yet. */
describe.skipIf(!withBrowser)(`the first hour (${withBrowser ? 'Chromium' : 'skipped: no /usr/bin/chromium'})`, () => {
  let dataDir: string;
  let workingCopy: string;
  let millrace: RunningMillrace;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: Complaints;
  let failedRun: string;

  const env = { MILLRACE_RUNTIME: 'process' };
  const open = (path: string) => page.goto(millrace.url + path);
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const run = (word: string) => page.getByRole('main').getByRole('status').getByText(word, { exact: true });

  const textOf = async (region: string): Promise<string> =>
    ((await page.getByRole('region', { name: region }).textContent()) ?? '').trim();

  /** What stands beside the name says whether the page follows what happens. */
  const live = (word: string) => page.getByText(word, { exact: true }).filter({ visible: true }).first().waitFor();

  async function git(...argv: string[]): Promise<string> {
    const config = ['-c', 'user.name=Bob', '-c', 'user.email=bob@example.test', '-c', 'core.fsync=none'];
    const { stdout } = await promisify(execFile)('git', [...config, '-C', workingCopy, ...argv], {
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
    });
    return stdout;
  }

  async function push(state: string, message: string): Promise<void> {
    await writeFile(join(workingCopy, 'state'), state);
    await git('add', '-A');
    await git('commit', '-q', '-m', message);
    await git('push', '-q', 'millrace', 'HEAD:main');
  }

  beforeAll(async () => {
    dataDir = await temporaryDirectory();
    workingCopy = await temporaryDirectory();
    await mkdir(join(workingCopy, '.circleci'));
    await writeFile(join(workingCopy, '.circleci', 'config.yml'), pipeline);
    await git('init', '-q', '-b', 'main');
    millrace = await startMillrace({ dataDir, env });
    browser = await launchBrowser();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    page.setDefaultTimeout(120_000);
    complaints = complaintsOf(page);
  });

  afterAll(async () => {
    await browser?.close();
    await millrace?.stop();
    await removeDirectory(dataDir);
    await removeDirectory(workingCopy);
  });

  it('says how to become the owner, and takes the link once', async () => {
    await open('/');
    await page.getByRole('heading', { name: 'Welcome to Millrace' }).waitFor();
    await page.goto(millrace.ownerLink!);
    await page.getByLabel('Name').fill('Olga Owner');
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Welcome to Millrace' }).waitFor();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    expect(complaints.take()).toEqual([]);
  });

  it('says on every empty page what will be here', async () => {
    const paths = ['/timeline', '/pipelines', '/deployments', '/errors', '/explore?tab=logs', '/monitoring', '/alerts'];
    for (const path of [
      ...paths,
      '/alerts?tab=channels',
      '/deployments?tab=releases',
      '/projects',
      '/settings?tab=tokens',
    ]) {
      await open(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('[class*=_bone_]').first().waitFor({ state: 'detached' });
      expect([...(await lookFaults(page)), ...complaints.take()], path).toEqual([]);
    }
  });

  it('describes its API on a page that can be read anywhere', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 800 });
    await open('/api/v1/docs#alerts.listIncidents');
    await page.getByText('List incidents, newest first').click();
    await page.getByText('"acknowledged"').first().waitFor();
    expect([...(await lookFaults(page)), ...complaints.take()]).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: 'light' });
    await open('/api/v1/docs');
    await page.getByRole('link', { name: 'OpenAPI 3.1 document' }).waitFor();
    expect([...(await lookFaults(page)), ...complaints.take()]).toEqual([]);
  });

  it('shows the commands that push to a new project, and the run as soon as it is there', async () => {
    await open('/');
    await page.getByRole('link', { name: 'Connect a repository' }).click();
    await page.getByLabel('Name of the project').fill('Small shop');
    await button('Create the project').click();
    const commands = await textOf('Commands that push');
    await page.getByText('Waiting for the first push').waitFor();
    await button('Make a token').click();
    await page.getByLabel('Name').fill('laptop');
    await button('Make the token').click();
    const token = await textOf('token laptop');
    await button('Done').click();

    const [add = '', pushing = ''] = commands.split('\n');
    const address = add
      .replace('git remote add millrace ', '')
      .replace('://', `://${encodeURIComponent(email)}:${token}@`);
    expect(pushing).toBe('git push millrace HEAD:main');
    await git('remote', 'add', 'millrace', address);
    await push('good', 'Open the small shop');
    await page.getByRole('link', { name: 'Run 1: Open the small shop' }).click();
    await page.getByText('line 20', { exact: true }).waitFor();
  });

  it('waits for an approval, and goes on after it', async () => {
    await page.getByText('hold waits for a person').waitFor();
    await button('Approve hold').click();
    await run('Success').waitFor();
    expect(complaints.take()).toEqual([]);
  });

  it('goes on showing a run live after the server was killed in the middle of it', async () => {
    await push('bad', 'A bad state');
    await open('/pipelines');
    await page.getByRole('link', { name: 'A bad state' }).click();
    await page.getByRole('link', { name: /^count/ }).click();
    await page.getByText('line 5', { exact: true }).waitFor();
    const { port } = new URL(millrace.url);
    const gatewayPort = Number(new URL(millrace.gatewayUrl).port);
    await millrace.kill();
    await live('Offline');
    millrace = await startMillrace({ dataDir, env, port: Number(port), gatewayPort });
    await live('Live');
    await page.getByText('line 80', { exact: true }).waitFor();
    await run('Failed').waitFor();
    failedRun = page.url();
    complaints.take();
  });

  it('reruns what failed, and reruns and cancels the whole', async () => {
    await button('Rerun from failed').click();
    await page.waitForURL((url) => url.href !== failedRun);
    await page.getByText('Rerun of an earlier run').waitFor();
    await run('Failed').waitFor();
    await push('slow', 'A good state');
    await open('/pipelines');
    await page.getByRole('link', { name: 'A good state' }).click();
    await button('Cancel run').click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel run' }).click();
    await run('Canceled').waitFor();
    await page.getByRole('button', { name: 'Rerun', exact: true }).waitFor();
    expect(complaints.take()).toEqual([]);
  });

  it('takes a secret in and never shows it again', async () => {
    await open('/projects/small-shop?tab=secrets');
    await button('Set a secret').click();
    await page.getByLabel('Name').fill('API_KEY');
    await page.getByLabel('Value').fill(secret);
    await button('Set the secret').click();
    await page.getByRole('cell', { name: 'API_KEY', exact: true }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.reload();
    await page.getByRole('cell', { name: 'API_KEY', exact: true }).waitFor();
    expect(await page.content()).not.toContain(secret);
  });

  it('says in a corner what failed, and the page stays', async () => {
    await open('/alerts?tab=channels');
    await button('Add a channel').first().click();
    await page.getByLabel('Kind').selectOption('webhook');
    await page.getByLabel('Name').fill('nobody there');
    await page.getByLabel('Address').fill('http://127.0.0.1:9/hook');
    await button('Add the channel').click();
    await button('Send a test').click();
    await button('Dismiss').click();
    await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor();
    expect(complaints.take()).toEqual([]);
  });

  it('invites a person, who joins with the role given', async () => {
    await open('/settings');
    await button('Invite a person').click();
    await page.getByLabel('E-mail').fill('dora@example.test');
    await page.getByLabel('Role').selectOption('developer');
    await button('Make the link').click();
    const link = await textOf('the link for dora@example.test');
    await button('Done').click();
    const other = await browser.newPage();
    await other.goto(link);
    await other.getByLabel('Name').fill('Dora Developer');
    await other.getByLabel('Password').fill('another long password');
    await other.keyboard.press('Enter');
    await other.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await other.goto(`${millrace.url}/alerts?tab=channels`);
    await other.getByText('Channels are for maintainers').waitFor();
    await other.close();
    await page.reload();
    await page.getByText('Dora Developer').waitFor();
    expect(complaints.take()).toEqual([]);
  });

  it('leaves, and comes back to where it was going', async () => {
    await button(/account and theme/).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Millrace' }).waitFor();
    await page.goto(failedRun);
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'A bad state' }).waitFor();
    expect(complaints.take()).toEqual([]);
  });
});
