import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../client/index.ts';
import { chosenProject } from '../chosen-project.ts';
import { exitCodes } from '../exit.ts';
import { followRun, serverRun } from '../follow-run.ts';
import { runReport } from '../run-report.ts';
import { findRun, runEnded } from '../runs.ts';
import { connect } from '../session.ts';
import { openTerminal, type Terminal } from '../terminal.ts';

export interface LogOptions {
  json?: boolean;
  project?: string;
  job?: string;
  failed?: boolean;
  follow?: boolean;
  service?: string;
  environment?: string;
  level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  text?: string;
  limit?: string;
}

type LogLine = Awaited<ReturnType<Client['telemetry']['logs']>>['items'][number];
const pollMs = 1_000;

/** Logs of a run (its number, id, or the newest), or with `--service` or `--environment` of what is deployed. */
export async function logs(wanted: string | undefined, options: LogOptions): Promise<number> {
  if (options.service !== undefined || options.environment !== undefined || options.text !== undefined) {
    return serviceLogs(options);
  }
  const terminal = openTerminal();
  const connection = await connect();
  const id = await findRun(connection.client, () => chosenProject(connection, options.project), wanted);
  if (options.json) {
    terminal.print(JSON.stringify(await connection.client.pipelines.getRun({ params: { id } }), null, 2));
    return exitCodes.ok;
  }
  const run = await followRun(
    serverRun(connection.client, id),
    { follow: options.follow !== false, job: options.job, failedOnly: options.failed },
    terminal,
  );
  terminal.print('');
  for (const line of runReport(run, terminal)) terminal.print(line);
  return runEnded(run) && run.status !== 'success' ? exitCodes.failed : exitCodes.ok;
}

async function serviceLogs(options: LogOptions): Promise<number> {
  const terminal = openTerminal();
  const connection = await connect();
  const filter = {
    projectId: await chosenProject(connection, options.project),
    ...(options.service ? { service: options.service } : {}),
    ...(options.environment ? { environment: options.environment } : {}),
    ...(options.level ? { level: options.level } : {}),
    ...(options.text ? { text: options.text } : {}),
  };
  const limit = Number(options.limit ?? 200);
  let page = await connection.client.telemetry.logs({ query: { ...filter, limit } });
  let after = page.after;
  for (;;) {
    for (const line of page.items) terminal.print(options.json ? JSON.stringify(line) : logText(line, terminal));
    if (options.follow !== true) return exitCodes.ok;
    await sleep(pollMs);
    page = await connection.client.telemetry.logs({ query: { ...filter, limit: 5000, ...(after ? { after } : {}) } });
    after = page.items.at(-1)?.cursor ?? page.after ?? after;
  }
}

/** One line of a service's log, with its time, where it came from, and its level by colour. */
export function logText(line: LogLine, terminal: Pick<Terminal, 'paint'>): string {
  const colour = ['error', 'fatal'].includes(line.level) ? 'red' : line.level === 'warn' ? 'yellow' : undefined;
  const time = terminal.paint('grey', line.at.replace('T', ' ').slice(0, 23));
  const place = terminal.paint('grey', [line.environment, line.service].filter(Boolean).join('/'));
  return `${time} ${place} ${colour ? terminal.paint(colour, line.message) : line.message}`;
}
