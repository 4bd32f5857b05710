import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../client/index.ts';
import { Fault } from '../../kernel/faults.ts';
import { chosenProject } from '../chosen-project.ts';
import { findRun } from '../runs.ts';
import { connect } from '../session.ts';
import { openTerminal, type Terminal } from '../terminal.ts';

interface ShellOptions {
  run?: string;
  project?: string;
}

const pollMs = 500;
/** Base64 of one message stays below what the server takes. */
const mostBytes = 60_000;
const idPattern = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

/** Opens a shell in a job’s place; of a job that ended, in that of a new run of it. Its exit status is the shell’s. */
export async function shell(wanted: string, options: ShellOptions): Promise<number> {
  const terminal = openTerminal();
  const connection = await connect();
  const { client } = connection;
  let jobId = wanted;
  if (!idPattern.test(wanted)) {
    const run = await client.pipelines.getRun({
      params: { id: await findRun(client, () => chosenProject(connection, options.project), options.run) },
    });
    const job = run.jobs.find(({ name }) => name === wanted);
    if (!job) {
      const hint = `Its jobs: ${[...new Set(run.jobs.map(({ name }) => name))].join(', ')}.`;
      throw new Fault('missing', `Run ${run.number} has no job "${wanted}"`, { code: 'cli.job', hint });
    }
    jobId = job.id;
  }
  return converse(client, await running(client, jobId, terminal));
}

/** The job itself while it runs; else the same job of a new run, once its place can be entered. */
async function running(client: Client, jobId: string, terminal: Terminal): Promise<string> {
  const job = await client.pipelines.getJob({ params: { id: jobId } });
  if (job.status === 'running') return jobId;
  const run = await client.pipelines.rerunForShell({ params: { id: jobId } });
  terminal.note(`${job.name} is over; run ${run.number} runs it again and keeps its place`);
  for (;;) {
    await sleep(pollMs);
    const now = await client.pipelines.getRun({ params: { id: run.id } });
    const again = now.jobs.find((one) => one.key === job.key && one.nodeIndex === job.nodeIndex);
    if (again?.status === 'running') {
      const { steps } = await client.pipelines.getJob({ params: { id: again.id } });
      if (steps.some((step) => step.kind === 'wait_for_shell' && step.status === 'running')) return again.id;
    } else if (now.finishedAt !== null) {
      throw new Fault('conflict', again?.reason ?? 'The job did not run', { code: 'cli.shell' });
    }
  }
}

/** Carries what is typed there and what is printed here until the shell ends. */
async function converse(client: Client, id: string): Promise<number> {
  const { stdin, stdout } = process;
  // A terminal that was never told its size says 0.
  const size = () => ({ rows: stdout.rows || 24, columns: stdout.columns || 80 });
  const term = /^[\w.+-]{1,40}$/.exec(process.env.TERM ?? '')?.[0];
  const opened = await client.pipelines.openShell({ params: { id }, body: { ...size(), ...(term ? { term } : {}) } });
  const params = { id, shell: opened.id };
  // One message after another: what is typed must arrive in its order.
  let sending: Promise<unknown> = Promise.resolve();
  const send = (body: { input?: string; size?: { rows: number; columns: number } }): void => {
    sending = sending.then(() => client.pipelines.writeShell({ params, body })).catch(() => {});
  };
  const onInput = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; at += mostBytes) {
      send({ input: bytes.subarray(at, at + mostBytes).toString('base64') });
    }
  };
  const onResize = (): void => send({ size: size() });
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on('data', onInput);
  // The end of what is piped in is the end of what is typed.
  if (!stdin.isTTY) stdin.once('end', () => send({ input: Buffer.from('\u0004').toString('base64') }));
  stdout.on('resize', onResize);
  try {
    for (let offset = 0; ; ) {
      const read = await client.pipelines.readShell({ params, query: { offset } });
      offset = read.offset;
      if (read.output !== '') stdout.write(Buffer.from(read.output, 'base64'));
      else if (read.ended) return read.ended.code ?? 0;
    }
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.off('data', onInput).pause();
    stdout.off('resize', onResize);
    await sending;
    await client.pipelines.closeShell({ params }).catch(() => {});
  }
}
