import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { browserThere, launchBrowser } from '../harness/browser.ts';
import { eventually, type RunningMillrace, removeDirectory, startMillrace } from '../harness/millrace.ts';
import { createSmallProject, greenRun, type SmallProject } from '../harness/small-project.ts';

const modules = join(import.meta.dirname, '../../node_modules');

const pipeline = `version: 2.1
jobs:
  bundle:
    machine: true
    steps:
      - checkout
      - run: { name: Bundle, command: 'node ${join(modules, 'vite/bin/vite.js')} build' }
      - store_artifacts: { path: dist, destination: web }
workflows: { all: { jobs: [bundle] } }
`;

/** One script that is named by its content, and one that is not. */
const viteConfig = `export default {
  logLevel: 'warn',
  resolve: { alias: { '@sentry/browser': ${JSON.stringify(join(modules, '@sentry/browser'))} } },
  build: {
    sourcemap: true,
    modulePreload: false,
    rollupOptions: {
      input: { shop: 'src/shop.ts', admin: 'src/admin.ts' },
      output: { entryFileNames: ({ name }) => name === 'shop' ? 'assets/[name]-[hash].js' : 'assets/[name].js' },
    },
  },
};
`;

const program = (name: string): string => `import * as Sentry from '@sentry/browser';

Sentry.init({ dsn: (window as any).DSN, release: (window as any).RELEASE });

function totalOf(lines: { price: number }[] | undefined): number {
  return lines!.map((line) => line.price).reduce((a, b) => a + b, 0);
}

document.querySelector('button')!.addEventListener('click', () => {
  document.title = '${name} ' + totalOf((window as any).lines);
});
`;

const withBrowser = browserThere();

/** A bundler in a pipeline, its maps among the artifacts, the scripts in a browser: nobody uploads a map. */
describe.skipIf(!withBrowser)(`source maps (${withBrowser ? 'Chromium' : 'skipped: no /usr/bin/chromium'})`, () => {
  let millrace: RunningMillrace;
  let client: Client;
  let token: string;
  let project: SmallProject;
  let dsn: string;
  let scripts: Map<string, string>;
  let site: Server;
  let browser: Browser;

  beforeAll(async () => {
    millrace = await startMillrace({ env: { MILLRACE_RUNTIME: 'process' } });
    ({ client, token } = await millrace.owner());
    project = await createSmallProject(
      { client, token, url: millrace.url },
      {
        '.circleci/config.yml': pipeline,
        'vite.config.mjs': viteConfig,
        'src/shop.ts': program('shop'),
        'src/admin.ts': program('admin'),
        'millrace.yaml': `environments: { production: { from: main } }
rollout: { healthyWithin: 60s, drain: 1s, verify: { for: 1s } }
`,
      },
    );
    await project.commit('one');
    await project.push();
    const run = await greenRun(client, project.slug);
    ({ dsn } = project);
    const { items } = await client.pipelines.listArtifacts({ params: { id: run.id } });
    scripts = new Map();
    for (const { id, path } of items.filter((one) => one.path.endsWith('.js'))) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${millrace.url}/api/v1/artifacts/${id}/content`, { headers });
      scripts.set(`/${path.split('/').slice(-2).join('/')}`, await answer.text());
    }
    site = createServer((request, response) => {
      const script = scripts.get(request.url ?? '');
      if (script) return response.setHeader('content-type', 'text/javascript').end(script);
      const { searchParams } = new URL(request.url ?? '', 'http://site');
      response.setHeader('content-type', 'text/html').end(`<button>Pay</button>
        <script>window.DSN='${dsn}'; window.RELEASE=${JSON.stringify(searchParams.get('release'))}</script>
        <script type="module" src="${searchParams.get('script')}"></script>`);
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    site?.close();
    await project?.remove();
    await millrace?.stop();
    if (millrace) await removeDirectory(millrace.dataDir);
  });

  /** Presses the button of a page that runs a script; resolves to the innermost frame of what was thrown. */
  async function crashOf(script: string, release: string) {
    const page = await browser.newPage();
    const { port } = site.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/?${new URLSearchParams({ script, release })}`);
    await page.click('button');
    const issue = await eventually(`the error of ${script}`, async () => {
      const { items } = await client.errors.listIssues({ query: { project: project.slug, release } });
      return items[0];
    });
    await page.close();
    const { latestEventId } = await client.errors.getIssue({ params: { issueId: issue.id }, query: {} });
    const event = await client.errors.getEvent({ params: { eventId: latestEventId ?? '' } });
    return { culprit: issue.culprit, frame: event.exceptions[0]?.frames[0] };
  }

  const asWritten = (name: string) => ({
    culprit: `src/${name}.totalOf`,
    frame: {
      file: expect.stringContaining(`src/${name}.ts`),
      function: 'totalOf',
      line: 6,
      inApp: true,
      source: expect.arrayContaining([expect.objectContaining({ text: expect.stringContaining('lines!.map') })]),
    },
  });

  it('are found by a name that tells the content, whatever the release is called', async () => {
    const script = [...scripts.keys()].find((path) => path.includes('shop-'))!;
    expect(await crashOf(script, 'web@2.0.0')).toMatchObject(asWritten('shop'));
  });

  it('are found by the release that the run became', async () => {
    const release = await eventually(
      'the release',
      async () =>
        (await client.deployments.listReleases({ params: { project: project.slug }, query: {} })).items[0]?.version,
      60_000,
    );
    expect(await crashOf('/assets/admin.js', release)).toMatchObject(asWritten('admin'));
  });
});
