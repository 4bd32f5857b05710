import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { busyboxImage, ensureBusyboxImage, hasDocker } from '../../test/harness/busybox-image.ts';
import { deployWorld, nodeService, quickRollout, type World, webCompose } from '../../test/harness/deploy-world.ts';
import { removeInstallation } from '../integrations/docker/clear-away.ts';
import { openDocker } from '../integrations/docker/client.ts';
import { createDockerRuntime } from '../integrations/docker/runtime.ts';
import { createProcessRuntime } from '../integrations/process/runtime.ts';
import { system } from '../kernel/events.ts';
import { openLog } from '../platform/observe/log.ts';
import { sql } from '../platform/postgres/sql.ts';
import { openLauncher } from '../platform/process/launcher.ts';
import type { Runtime } from './port.ts';
import { rebuildRelease } from './rebuild-release.ts';
import { removeOldBuilds } from './retention.ts';
import { findRelease } from './store/releases.ts';

const installation = `retention-${process.pid}`;
const log = openLog({ level: 'fatal' });
const host = 'production.shop.localhost';
const actor = system('test');

const dockerfile = (marker: string): string => `FROM ${busyboxImage}
RUN mkdir /www && echo ${marker} > /www/marker
CMD ["/bin/sh", "-c", "echo $MILLRACE_RELEASE > /www/index.html; exec httpd -f -p 8000 -h /www"]
`;

const kinds = hasDocker() ? (['process', 'docker'] as const) : (['process'] as const);

describe.each(kinds)('builds of %s that nobody needs any more', (kind) => {
  let world: World;
  let runtimes: Runtime[];
  const versions: { id: string; version: string }[] = [];
  const files = (marker: string): Record<string, string> => ({
    'millrace.yaml': quickRollout(),
    ...(kind === 'docker'
      ? { 'compose.yaml': 'services:\n  web: { build: ., ports: ["8000"] }\n', Dockerfile: dockerfile(marker) }
      : { 'compose.yaml': webCompose, 'server.cjs': nodeService(`// ${marker}`) }),
  });
  const isThere = async (id: string): Promise<boolean> => {
    const release = (await findRelease(world.database, id))!;
    return runtimes[0]!.holds(release.outputs[0]!);
  };

  beforeAll(async () => {
    if (kind === 'docker') await ensureBusyboxImage();
    const launcher = openLauncher({ log });
    world = await deployWorld({
      runtimes: (directory) => {
        runtimes =
          kind === 'docker'
            ? [createDockerRuntime({ docker: openDocker(), log, installation })]
            : [createProcessRuntime({ directory: join(directory, 'run'), launcher, log })];
        return runtimes;
      },
    });
    // The last has the same content as the first.
    for (const marker of ['one', 'two', 'three', 'four', 'one']) {
      const release = await world.release(files(`${marker}-${process.pid}`));
      await world.until('deployment.succeeded', release.version, 60_000);
      versions.push(release);
    }
    await world.database.execute(sql`update deployments_releases set finished_at = now() - interval '1 hour'`);
  }, 180_000);
  afterAll(async () => {
    await world?.close();
    if (kind !== 'docker') return;
    await removeInstallation(openDocker(), installation);
    const images = execFileSync('docker', [
      'images',
      '-q',
      '--filter',
      `label=io.millrace.project=${world.project.id}`,
    ]);
    for (const id of new Set(images.toString().trim().split('\n'))) if (id) execFileSync('docker', ['rmi', '-f', id]);
  });

  test('go, but for the last ones and for what those were built into too; the log says what went', async () => {
    await removeOldBuilds({ database: world.database, runtimes, log, keepReleases: 2 });
    const told = (await world.events()).filter((event) => event.type === 'deployments.release.build_removed');
    expect(told.map((event) => (event.data as { version: string }).version)).toEqual(
      versions.slice(0, 3).map((release) => release.version),
    );
    expect(told[0]!.data).toMatchObject({ services: ['web'], kept: 2 });
    expect(await Promise.all(versions.map(({ id }) => isThere(id)))).toEqual([true, false, false, true, true]);
    if (kind === 'docker') {
      const tags = execFileSync('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}', 'millrace/shop/web']);
      for (const { version } of versions.slice(0, 3)) expect(tags.toString()).not.toContain(version);
      for (const { version } of versions.slice(3)) expect(tags.toString()).toContain(version);
    }
    expect((await world.get(host)).body.trim()).toBe(versions[4]!.version);
    // A second look finds nothing.
    await removeOldBuilds({ database: world.database, runtimes, log, keepReleases: 2 });
    expect((await world.events()).filter((event) => event.type.endsWith('build_removed'))).toHaveLength(3);
  });

  test('are said to be gone when somebody wants to return to one, and are made again as the same release', async () => {
    const [environment] = await world.deployments.environments(world.project.id);
    const back = { environmentId: environment!.id, releaseId: versions[1]!.id, reason: 'as before', actor, causes: [] };
    await expect(world.deployments.rollBack(back)).rejects.toMatchObject({ code: 'deployments.build-gone' });
    const kept = { releaseId: versions[3]!.id, actor };
    await expect(rebuildRelease({ database: world.database, runtimes }, kept)).rejects.toMatchObject({
      code: 'deployments.build-kept',
    });
    const asked = { releaseId: versions[1]!.id, actor };
    await rebuildRelease({ database: world.database, runtimes }, asked);
    await rebuildRelease({ database: world.database, runtimes }, asked);
    await world.until('release.rebuilt', versions[1]!.version, 60_000);
    const events = (await world.events()).map((event) => event.type);
    expect(events.filter((type) => type === 'deployments.release.rebuild_requested')).toHaveLength(1);
    expect((await world.get(host)).body.trim()).toBe(versions[4]!.version);
    await world.deployments.rollBack(back);
    await expect
      .poll(async () => (await world.get(host)).body.trim(), { timeout: 60_000, interval: 200 })
      .toBe(versions[1]!.version);
  });

  test('go with their project', async () => {
    const outputs = (await Promise.all(versions.map(({ id }) => findRelease(world.database, id)))).map(
      (release) => release!.outputs[0]!,
    );
    await world.deployments.forgetProject(world.project.id);
    await removeOldBuilds({ database: world.database, runtimes, log, keepReleases: 2 });
    expect(await Promise.all(outputs.map((output) => runtimes[0]!.holds(output)))).toEqual(outputs.map(() => false));
    if (kind === 'process') expect(existsSync(outputs[0]!.reference)).toBe(false);
  });
});
