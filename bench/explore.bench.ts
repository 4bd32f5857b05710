import { chromium, type Page } from 'playwright-core';
import { testClickHouse } from '../test/harness/clickhouse.ts';
import { removeDirectory, startMillrace } from '../test/harness/millrace.ts';
import { sleep } from './measure.ts';
import { askClickHouse } from './telemetry-room.ts';

/**
 * The first views of Explore in Chromium when 100 million log lines of the last day are stored: from the address to the first line, to
 * the filled lists of services, and to the answer of a query over every row. Beside it, in the same run: a bare count of
 * the same rows by service, asked of the store, which keeps such counts. Goal: under 2 s. `BENCH_ROWS` changes the number of rows.
 */
const rows = Number(process.env.BENCH_ROWS ?? 100_000_000);
const perInsert = 500_000;
const limitMs = 2000;

const store = await testClickHouse();
const sql = (statement: string): Promise<string> => askClickHouse(store.url, statement);
const millrace = await startMillrace({ env: { CLICKHOUSE_URL: store.url } });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const { client, email, password } = await millrace.owner();
  const { id: projectId } = await client.projects.create({ body: { name: 'Shop' } });
  await fill(projectId);

  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${millrace.url}/login`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();

  const bare = await took(() => sql(`SELECT service, count() FROM telemetry_logs GROUP BY service FORMAT Null`));
  console.log(`${rows} rows; counted by service, bare: ${bare.toFixed(0)} ms`);
  const everything = encodeURIComponent('SELECT count(*) FROM Log FACET service TIMESERIES SINCE 1 day ago');
  const views: [name: string, path: string, seen: (page: Page) => Promise<unknown>][] = [
    [
      'logs, first line',
      '/explore?tab=logs',
      (on) =>
        on
          .getByText(/order [0-9a-f]{8} took/)
          .first()
          .waitFor(),
    ],
    [
      'logs, services to choose from',
      '/explore?tab=logs',
      (on) => on.getByLabel('Service', { exact: true }).locator('option').nth(8).waitFor({ state: 'attached' }),
    ],
    [
      'query, completion known',
      '/explore',
      (on) => on.waitForResponse((answer) => answer.url().includes('/completion')),
    ],
    ['a count of all rows over time', `/explore?q=${everything}`, (on) => on.locator('canvas').first().waitFor()],
  ];
  for (const [name, path, seen] of views) {
    const ms = await took(async () => {
      const shown = seen(page);
      await page.goto(`${millrace.url}${path}`, { waitUntil: 'commit' });
      await shown;
    });
    console.log(
      `${name}: ${ms.toFixed(0)} ms = ${(ms / limitMs).toFixed(2)} of the limit, ${(ms / bare).toFixed(1)} bare counts`,
    );
    await page.goto('about:blank');
  }
} finally {
  await browser.close();
  await millrace.stop();
  await store.close();
  await removeDirectory(millrace.dataDir);
}
process.exit(0);

/** Rows as the intake writes them, spread evenly over the last 20 hours, and merged as far as the store merges by itself. */
async function fill(projectId: string): Promise<void> {
  const from = Date.now() / 1000 - 20 * 3600;
  for (let done = 0; done < rows; done += perInsert) {
    await sql(`INSERT INTO telemetry_logs (projectId, type, timestamp, seq, service, environment, level, message)
      SELECT '${projectId}', 'Log', toDateTime64(${from} + (number / ${rows}) * 72000, 6, 'UTC'), number,
        concat('service-', toString(cityHash64(number) % 8)), if(number % 3 = 0, 'staging', 'production'),
        if(number % 50 = 0, 'error', 'info'),
        concat('order ', lower(hex(toUInt32(cityHash64(number, 1)))), ' took ', toString(cityHash64(number, 2) % 900), ' ms')
      FROM numbers(${done}, ${Math.min(perInsert, rows - done)})`);
  }
  while (Number(await sql('SELECT count() FROM system.merges')) > 0) await sleep(1000);
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
