import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../kernel/faults.ts';
import { chosenProject } from '../chosen-project.ts';
import { diffReport, newSteps, outcome } from '../deployment-report.ts';
import { type Deployment, findEnvironment, findRelease, hasEnded } from '../environments.ts';
import { exitCodes } from '../exit.ts';
import { type Connection, connect } from '../session.ts';
import { openTerminal, type Terminal } from '../terminal.ts';

export interface DeployOptions {
  json?: boolean;
  project?: string;
  release?: string;
  to?: string;
  reason?: string;
  yes?: boolean;
  /** `--no-wait`: return as soon as the server accepted. */
  wait?: boolean;
}

const pollMs = 1_000;

/** Deploys a release to an environment (by default the one that serves, again), and follows it to its end. */
export async function deploy(name: string, options: DeployOptions): Promise<number> {
  const connection = await connect();
  const project = await chosenProject(connection, options.project);
  const environment = await findEnvironment(connection.client, project, name);
  const releaseId = options.release && (await findRelease(connection.client, project, options.release));
  const started = await connection.client.deployments.deploy({
    params: { id: environment.id },
    body: { ...(releaseId ? { releaseId } : {}), ...(options.reason ? { reason: options.reason } : {}) },
  });
  return follow(connection, started.id, options, ['failed', 'canceled', 'rolled_back']);
}

/** Shows what a rollback takes back, asks (unless `--yes`), carries it out and follows it. */
export async function rollback(name: string, options: DeployOptions): Promise<number> {
  const terminal = openTerminal();
  const connection = await connect();
  const { client } = connection;
  const project = await chosenProject(connection, options.project);
  const environment = await findEnvironment(client, project, name);
  const releaseId = options.to && (await findRelease(client, project, options.to));
  if (!options.json) {
    const query = releaseId ? { release: releaseId } : {};
    const diff = await client.deployments.diffEnvironment({ params: { id: environment.id }, query });
    for (const line of diffReport(diff, terminal)) terminal.print(line);
  }
  if (!options.yes) await confirm(`Roll ${environment.name} back?`, terminal);
  const started = await client.deployments.rollBack({
    params: { id: environment.id },
    body: { ...(releaseId ? { releaseId } : {}), ...(options.reason ? { reason: options.reason } : {}) },
  });
  // While the newest release is still watched, that very deployment is what is taken back: then this is what was wanted.
  const bad = started.kind === 'rollback' ? ['failed', 'canceled', 'rolled_back'] : ['failed', 'canceled', 'succeeded'];
  return follow(connection, started.id, options, bad);
}

async function confirm(question: string, terminal: Terminal): Promise<void> {
  if (!terminal.interactive || !process.stdin.isTTY) {
    throw new Fault('invalid', 'Nobody is here to confirm this', { code: 'cli.confirm', hint: 'Add --yes.' });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${question} [y/N] `);
  lines.close();
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new Fault('conflict', 'Nothing was changed', { code: 'cli.declined' });
}

/** Follows a deployment to its end, or to where a person must agree. Fails when it ends in one of the `bad` ways. */
async function follow(connection: Connection, id: string, options: DeployOptions, bad: string[]): Promise<number> {
  const terminal = openTerminal();
  const told = new Set<string>();
  const read = (): Promise<Deployment> => connection.client.deployments.getDeployment({ params: { id } });
  let deployment = await read();
  while (options.wait !== false && !hasEnded(deployment) && deployment.status !== 'on_hold') {
    if (!options.json) {
      for (const line of newSteps(deployment, told, terminal)) terminal.print(line);
      terminal.transient(`${deployment.environment}: ${deployment.phase}`);
    }
    await sleep(pollMs);
    deployment = await read();
  }
  if (options.json) terminal.print(JSON.stringify(deployment, null, 2));
  else {
    for (const line of newSteps(deployment, told, terminal)) terminal.print(line);
    for (const line of outcome(deployment, terminal)) terminal.print(line);
    terminal.note(`${connection.url}/deployments/${id}`);
  }
  return bad.includes(deployment.status) ? exitCodes.failed : exitCodes.ok;
}
