import { setTimeout as sleep } from 'node:timers/promises';
import { chosenProject } from '../chosen-project.ts';
import { findRelease } from '../environments.ts';
import { exitCodes } from '../exit.ts';
import { connect } from '../session.ts';
import { openTerminal } from '../terminal.ts';

const pollMs = 1_000;

/** Has a release built again, prints its build log as it comes, and says how it ended. */
export async function rebuild(name: string, options: { json?: boolean; project?: string }): Promise<number> {
  const terminal = openTerminal();
  const connection = await connect();
  const { client } = connection;
  const project = await chosenProject(connection, options.project);
  const params = { id: await findRelease(client, project, name) };
  let release: { status: string; version: string; removedAt: string | null } = await client.deployments.rebuildRelease({
    params,
  });
  let after = 0;
  while (release.status === 'queued' || release.status === 'building') {
    await sleep(pollMs);
    release = await client.deployments.getRelease({ params });
    if (options.json || release.status === 'queued') continue;
    const { lines, next } = await client.deployments.getReleaseLog({ params, query: { after } });
    for (const line of lines) terminal.print(line.service ? `${line.service} | ${line.text}` : line.text);
    after = next;
  }
  const there = release.removedAt === null;
  if (options.json) terminal.print(JSON.stringify(release));
  else terminal.print(there ? `${release.version} is there again` : `${release.version} could not be built again`);
  return there ? exitCodes.ok : exitCodes.failed;
}
