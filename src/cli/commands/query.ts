import { exitCodes } from '../exit.ts';
import { type QueryAnswer, queryReport } from '../query-report.ts';
import { connect } from '../session.ts';
import { openTerminal } from '../terminal.ts';

/** Asks an NRQL query and prints a table or a chart. Exit code 1 when it compares (`... < 1`) and that does not hold. */
export async function query(words: string[], options: { json?: boolean; project?: string }): Promise<number> {
  const terminal = openTerminal();
  const { client } = await connect();
  const body = { nrql: words.join(' '), ...(options.project ? { projectId: options.project } : {}) };
  const answer: QueryAnswer = await client.telemetry.query({ body });
  if (options.json) terminal.print(JSON.stringify(answer, null, 2));
  else for (const line of queryReport(answer, terminal)) terminal.print(line);
  return answer.comparison?.verdict === 'fails' ? exitCodes.failed : exitCodes.ok;
}
