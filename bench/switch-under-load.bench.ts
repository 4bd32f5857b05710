import autocannon from 'autocannon';
import { deployWorld, nodeService, webCompose } from '../test/harness/deploy-world.ts';

/**
 * Twenty deployments in a row while visitors keep coming: how many of their requests fail (the limit is none), and what the
 * gateway costs against asking the same service directly.
 */
const deploymentsInARow = Number(process.env.SWITCHES ?? 20);
const connections = 20;
const host = 'production.shop.localhost';

const rollout = `
environments: { production: { from: main } }
rollout: { healthyWithin: 30s, drain: 5s, verify: { for: 300ms } }
`;
const files = (n: number): Record<string, string> => ({
  'server.cjs': nodeService(`// change ${n}`),
  'compose.yaml': webCompose,
  'millrace.yaml': rollout,
});

const load = (url: string, seconds: number): Promise<autocannon.Result> =>
  new Promise((resolve, reject) => {
    autocannon({ url, connections, duration: seconds, workers: 1, headers: { host } }, (error: unknown, result) =>
      error ? reject(error) : resolve(result),
    );
  });

const world = await deployWorld();
try {
  const first = await world.release(files(0));
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
    const next = await world.release(files(n));
    await world.until('deployment.succeeded', next.version, 60_000);
    durations.push(Date.now() - begun);
  }
  running = false;
  await visitors;
  const served = (await world.get(host)).body;
  durations.sort((a, b) => a - b);
  console.log(`deployments in a row         ${deploymentsInARow}, now serving ${served}`);
  console.log(`requests answered meanwhile  ${answered}`);
  console.log(`requests that failed         ${failed}   (limit 0: ${failed === 0 ? 'met' : 'missed'})`);
  console.log(
    `one deployment               median ${durations[durations.length >> 1]} ms (commit to verified, 300 ms of watching)`,
  );
  console.log(
    `direct to the service        ${Math.round(bare.requests.average)} requests/s, median ${bare.latency.p50} ms`,
  );
  console.log(
    `through the gateway          ${Math.round(through.requests.average)} requests/s, median ${through.latency.p50} ms ` +
      `(${(through.requests.average / bare.requests.average).toFixed(2)} of direct)`,
  );
  if (failed > 0) process.exitCode = 1;
} finally {
  await world.close();
}
process.exit();
