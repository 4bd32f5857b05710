import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { hasDocker } from '../harness/busybox-image.ts';
import { ensureDebianImage, hasPackages } from '../harness/debian-image.ts';
import { eventually, type RunningMillrace, removeDirectory, startMillrace } from '../harness/millrace.ts';

const execute = promisify(execFile);
const example = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'examples', 'graphite-web');
const packaged = existsSync('/usr/lib/python3/dist-packages/graphite');
const minutes = 60_000;

/** What its Dockerfile and its pipeline install. */
const packages = [
  ...['curl', 'git', 'gunicorn', 'python3-django', 'python3-django-tagging', 'python3-whisper', 'python3-cairocffi'],
  ...['python3-pyparsing', 'python3-simplejson', 'python3-six', 'python3-tz', 'python3-urllib3'],
];
/** Stands in for `debian:bookworm-slim`, made of this machine's packages, so that nothing needs to be fetched. */
const baseImage = 'millrace-test-debian-graphite:1';
const kinds = hasDocker() && hasPackages(packages) ? (['process', 'docker'] as const) : (['process'] as const);

/** A Django application that nobody here wrote, as Debian packages it, goes the same way as everything else. */
describe.skipIf(!packaged).each(kinds)(
  `graphite-web ${packaged ? 'of Debian' : '(skipped: not installed)'} as %s`,
  (kind) => {
    let work: string;
    let millrace: RunningMillrace;
    let client: Client;
    let sha: string;
    let pushed: string;
    let projectId: string;
    const slug = 'graphite-web';

    const git = async (...argv: string[]): Promise<string> => {
      const who = ['-c', 'user.name=Gwen Graphite', '-c', 'user.email=gwen@graphite.example'];
      const { stdout, stderr } = await execute('git', [...who, '-C', work, ...argv], { timeout: 2 * minutes });
      return stdout + stderr;
    };

    const engine = async (...argv: string[]): Promise<string> => (await execute('docker', argv)).stdout.trim();
    const words = (text: string): string[] => [...new Set(text.split(/\s+/).filter((word) => word !== ''))];

    beforeAll(async () => {
      work = await mkdtemp(join(tmpdir(), 'millrace-graphite-'));
      await execute('bash', [join(example, 'prepare.sh'), work], { timeout: 2 * minutes });
      // Everything else is found by itself; this only shortens how long each environment is watched.
      await writeFile(
        join(work, 'millrace.yaml'),
        'rollout: { healthyWithin: 5 minutes, drain: 1s, verify: { for: 3s } }\n',
      );
      if (kind === 'docker') {
        await ensureDebianImage(baseImage, packages);
        for (const name of ['Dockerfile', '.circleci/config.yml']) {
          const text = await readFile(join(work, name), 'utf8');
          await writeFile(join(work, name), text.replaceAll('debian:bookworm-slim', baseImage));
        }
      }
      await git('add', '-A');
      await git('commit', '-q', '-m', 'Watch it for three seconds');
      sha = (await git('rev-parse', 'HEAD')).trim();
      millrace = await startMillrace({ env: { MILLRACE_RUNTIME: kind } });
      const owner = await millrace.owner();
      client = owner.client;
      projectId = (await client.projects.create({ body: { slug, name: 'Graphite' } })).id;
      await git('remote', 'add', 'millrace', `${millrace.url.replace('://', `://x:${owner.token}@`)}/git/${slug}.git`);
      pushed = await git('push', 'millrace', 'main');
    });

    afterAll(async () => {
      if (kind === 'docker' && projectId) {
        await client.projects.remove({ params: { project: slug } });
        const own = `label=io.millrace.project=${projectId}`;
        await eventually('its containers are gone', () =>
          engine('ps', '-aq', '--filter', own).then((ids) => ids === ''),
        );
        for (const id of words(await engine('volume', 'ls', '-q', '--filter', own)))
          await engine('volume', 'rm', '-f', id);
        for (const id of words(await engine('images', '-q', '--filter', own))) await engine('rmi', '-f', id);
      }
      await millrace?.stop();
      if (millrace) await removeDirectory(millrace.dataDir);
      if (work) await rm(work, { recursive: true, force: true });
    });

    const ask = (environment: string, path: string): Promise<{ status: number; body: Buffer }> =>
      new Promise((resolve, reject) => {
        const { port } = new URL(millrace.gatewayUrl);
        const headers = { host: `${environment}.${slug}.localhost:${port}` };
        request({ host: '127.0.0.1', port, path, headers, agent: false, timeout: 30_000 }, (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts) }));
        })
          .on('error', reject)
          .end();
      });

    it('is taken by a push, which prints the address of its run', () => {
      expect(pushed).toContain(`${millrace.url}/${slug}/runs/`);
    });

    it('passes its pipeline, whose tests are read', async () => {
      const run = await eventually(
        'the run ended',
        async () => {
          const { items } = await client.pipelines.listRuns({ query: { project: slug, sha } });
          return items.find((one) => ['success', 'failed', 'canceled'].includes(one.status));
        },
        5 * minutes,
      );
      const detail = await client.pipelines.getRun({ params: { id: run.id } });
      expect(detail.jobs.map((job) => [job.name, job.status, job.reason])).toEqual([
        ['check', 'success', null],
        ['render', 'success', null],
      ]);
      const { items: tests } = await client.pipelines.listTests({ params: { id: run.id }, query: {} });
      expect(tests.map((test) => [test.name, test.status]).sort()).toEqual([
        ['constant line', 'success'],
        ['empty search', 'success'],
        ['png', 'success'],
        ['version', 'success'],
      ]);
    });

    it('goes to staging, then to production, and answers behind the gateway', async () => {
      await eventually(
        'production is good',
        async () => {
          const { items } = await client.deployments.listDeployments({ query: { project: slug } });
          const broken = items.find((one) => ['failed', 'canceled', 'rolled_back'].includes(one.status));
          if (broken) throw new Error(`${broken.environment}: ${broken.status}, ${broken.reason}`);
          return items.some((one) => one.environment === 'production' && one.status === 'succeeded');
        },
        5 * minutes,
      );
      for (const environment of ['staging', 'production']) {
        const { status, body } = await ask(environment, '/render/?target=constantLine(42)&format=json&from=-1h');
        expect(status).toBe(200);
        const [series] = JSON.parse(body.toString()) as { target: string; datapoints: [number, number][] }[];
        expect(Number(series!.target)).toBe(42);
        expect(new Set(series!.datapoints.map(([value]) => value))).toEqual(new Set([42]));
      }
      const picture = await ask('production', '/render/?target=constantLine(42)&width=300&height=120');
      expect(picture.body.subarray(1, 4).toString()).toBe('PNG');
    });

    it('is watched: its output and its visitors can be asked for', async () => {
      const count = async (nrql: string): Promise<number> => {
        const { rows } = await client.telemetry.query({ body: { nrql, projectId: slug } });
        return Number(rows[0]?.[0] ?? 0);
      };
      await eventually(
        'lines of its output',
        async () =>
          (await count(
            "SELECT count(*) FROM Log WHERE service = 'web' AND environment = 'production' SINCE 1 hour ago",
          )) > 0,
      );
      await eventually(
        'its requests',
        async () =>
          (await count("SELECT count(*) FROM GatewayRequest WHERE environment = 'production' SINCE 1 hour ago")) >= 2,
      );
    });
  },
);
