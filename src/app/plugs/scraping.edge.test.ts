import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLog } from '../../platform/observe/log.ts';
import { watchedFile } from './scraping.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-scrape-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('targets are those of the files that are there now, and a broken one takes away its own alone', async () => {
  await mkdir(join(folder, 'targets'));
  const path = join(folder, 'prometheus.yml');
  await writeFile(path, 'scrape_configs: [{ job_name: n, file_sd_configs: [{ files: [targets/*.json, one.yml] }] }]');
  const targets = watchedFile(path, openLog({ level: 'silent' }));
  const urls = async () => (await targets()).map(({ url }) => url);
  expect(await urls()).toEqual([]);
  await writeFile(join(folder, 'targets', 'a.json'), '[{"targets":["a:1"]}]');
  await writeFile(join(folder, 'targets', 'b.json'), '[{"targets":["b:1"]}]');
  await writeFile(join(folder, 'one.yml'), '- targets: [c:1]');
  expect(await urls()).toEqual(['http://a:1/metrics', 'http://b:1/metrics', 'http://c:1/metrics']);
  await writeFile(join(folder, 'targets', 'a.json'), '[{"targets":');
  await rm(join(folder, 'one.yml'));
  expect(await urls()).toEqual(['http://b:1/metrics']);
});
