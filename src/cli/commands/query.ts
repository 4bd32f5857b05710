import { compileText } from '../../telemetry/compile-text.ts';
import { compiledReport } from '../compiled-report.ts';
import { exitCodes } from '../exit.ts';
import { type QueryAnswer, queryReport } from '../query-report.ts';
import { connect } from '../session.ts';
import { openTerminal } from '../terminal.ts';

/**
 * Asks an NRQL query and prints a table or a chart, or with `compile` only what would run, without a server. Exit code 1 when it compares (`... < 1`) and that does not hold,
 * and when it does not compile.
 */
export async function query(
  words: string[],
  options: { json?: boolean; project?: string; compile?: boolean },
): Promise<number> {
  const terminal = openTerminal();
  if (options.compile) {
    const compiled = compileText(words.join(' '), Date.now(), options.project ?? null);
    if (options.json) terminal.print(JSON.stringify(compiled, null, 2));
    else for (const line of compiledReport(compiled, terminal)) terminal.print(line);
    return compiled.ok ? exitCodes.ok : exitCodes.failed;
  }
  const { client } = await connect();
  const body = { nrql: words.join(' '), ...(options.project ? { projectId: options.project } : {}) };
  const answer: QueryAnswer = await client.telemetry.query({ body });
  if (options.json) terminal.print(JSON.stringify(answer, null, 2));
  else for (const line of queryReport(answer, terminal)) terminal.print(line);
  return answer.comparison?.verdict === 'fails' ? exitCodes.failed : exitCodes.ok;
}
