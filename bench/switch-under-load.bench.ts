import { execFileSync } from 'node:child_process';
import autocannon from 'autocannon';
import { removeInstallation } from '../src/integrations/docker/clear-away.ts';
import { openDocker } from '../src/integrations/docker/client.ts';
import { createDockerRuntime } from '../src/integrations/docker/runtime.ts';
import { openLog } from '../src/platform/observe/log.ts';
import { hasDocker } from '../test/harness/busybox-image.ts';
import { deployWorld, nodeService, webCompose } from '../test/harness/deploy-world.ts';
import { ensureNodeImage, nodeImage } from '../test/harness/node-image.ts';

/**
 * Twenty deployments in a row while visitors keep coming: how many of their requests fail (the limit is none), and what the
 * gateway costs against asking the same service directly. As processes and, where an engine answers, as containers.
 */
const deploymentsInARow = Number(process.env.SWITCHES ?? 20);
const connections = 20;
const host = 'production.shop.localhost';
const installation = `bench-${process.pid}`;

const rollout = `
environments: { production: { from: main } }
rollout: { healthyWithin: 30s, drain: 5s, verify: { for: 300ms } }
`;
type Kind = 'process' | 'docker';
const files = (kind: Kind, n: number): Record<string, string> => ({
  'millrace.yaml': rollout,
  ...(kind === 'process'
    ? { 'compose.yaml': webCompose, 'server.cjs': nodeService(`// change ${n}`) }
    : {
        'compose.yaml': `services:
  web:
    build: .
    ports: ["8000"]
    environment: { PORT: "8000" }
    x-millrace: { health: /health }
`,
        Dockerfile: `FROM ${nodeImage}\nCOPY server.cjs /server.cjs\nCMD ["node", "/server.cjs"]\n`,
        'server.cjs': nodeService(`// change ${n}`).replace("'127.0.0.1'", "'0.0.0.0'"),
      }),
});

const load = (url: string, seconds: number): Promise<autocannon.Result> =>
  new Promise((resolve, reject) => {
    autocannon({ url, connections, duration: seconds, workers: 1, headers: { host } }, (error: unknown, result) =>
      error ? reject(error) : resolve(result),
    );
  });

interface Measured {
  failed: number;
  /** Requests a second through the gateway, of those asked directly. */
  ratio: number;
  deploymentMs: number;
}

async function measure(kind: Kind): Promise<Measured> {
  const log = openLog({ level: 'fatal' });
  const world = await deployWorld(
    kind === 'docker' ? { runtimes: () => [createDockerRuntime({ docker: openDocker(), log, installation })] } : {},
  );
  try {
    const first = await world.release(files(kind, 0));
    await world.until('deployment.succeeded', first.version, 60_000);
    const gateway = `http://127.0.0.1:${world.gatewayPort}/`;
    const [environment] = await world.deployments.environments(world.project.id);
    const direct = `http://${environment!.services[0]!.instances[0]!.address}/`;
    const bare = await load(direct, 5);
    const through = await load(gateway, 5);

    let running = true;
    let answered = 0;
    let failed = 0;
    const visitors = (async () => {
      while (running) {
        const round = await load(gateway, 5);
        answered += round['2xx'];
        failed += round.non2xx + round.errors + round.timeouts;
      }
    })();
    const durations: number[] = [];
    for (let n = 1; n <= deploymentsInARow; n += 1) {
      const begun = Date.now();
      const next = await world.release(files(kind, n));
      await world.until('deployment.succeeded', next.version, 60_000);
      durations.push(Date.now() - begun);
    }
    running = false;
    await visitors;
    const served = (await world.get(host)).body;
    durations.sort((a, b) => a - b);
    const deploymentMs = durations[durations.length >> 1]!;
    const ratio = through.requests.average / bare.requests.average;
    console.log(`${kind}`);
    console.log(`  deployments in a row         ${deploymentsInARow}, now serving ${served}`);
    console.log(`  requests answered meanwhile  ${answered}`);
    console.log(`  requests that failed         ${failed}   (limit 0: ${failed === 0 ? 'met' : 'missed'})`);
    console.log(`  one deployment               median ${deploymentMs} ms (commit to verified, 300 ms of watching)`);
    console.log(
      `  direct to the service        ${Math.round(bare.requests.average)} requests/s, median ${bare.latency.p50} ms`,
    );
    console.log(
      `  through the gateway          ${Math.round(through.requests.average)} requests/s, median ${through.latency.p50} ms ` +
        `(${ratio.toFixed(2)} of direct)`,
    );
    return { failed, ratio, deploymentMs };
  } finally {
    await world.close();
    if (kind === 'docker') {
      await removeInstallation(openDocker(), installation);
      const own = ['images', '-q', '--filter', `label=io.millrace.project=${world.project.id}`];
      for (const id of new Set(execFileSync('docker', own).toString().trim().split('\n'))) {
        if (id) execFileSync('docker', ['rmi', '-f', id], { stdio: 'ignore' });
      }
    }
  }
}

const docker = hasDocker();
if (docker) await ensureNodeImage();
const processes = await measure('process');
const containers = docker ? await measure('docker') : undefined;
if (containers) {
  console.log(
    `docker against process         deployment ${(containers.deploymentMs / processes.deploymentMs).toFixed(2)} times as long, ` +
      `gateway ${(containers.ratio / processes.ratio).toFixed(2)} times the share of direct`,
  );
} else {
  console.log('docker                         not measured: no engine answers');
}
process.exit(processes.failed + (containers?.failed ?? 0) > 0 ? 1 : 0);
