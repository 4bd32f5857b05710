import { readFile } from 'node:fs/promises';
import { type GroupedFile, groupEvent } from '../../errors/group-file.ts';
import { Fault } from '../../kernel/faults.ts';
import { exitCodes } from '../exit.ts';
import { type GroupedEvent, groupingReport } from '../grouping-report.ts';
import { reasonOf } from '../pipeline-source.ts';
import { openTerminal } from '../terminal.ts';

export interface GroupOptions {
  json?: boolean;
  stackRules?: string;
  fingerprintRules?: string;
}

/**
 * Says without a server how events (JSON as a client sends it) are grouped: variants, hashes and why. One file gives one JSON object,
 * several an array. Exit code 1 when a line of rules cannot be read.
 */
export async function groupFiles(files: string[], options: GroupOptions): Promise<number> {
  const terminal = openTerminal();
  const rules = {
    stackRules: options.stackRules && (await textOf(options.stackRules)),
    fingerprintRules: options.fingerprintRules && (await textOf(options.fingerprintRules)),
  };
  const results: GroupedEvent[] = [];
  for (const file of files) results.push({ file, ...grouped(file, await textOf(file), rules) });
  if (options.json) terminal.print(JSON.stringify(results.length === 1 ? results[0] : results, null, 2));
  else for (const result of results) for (const line of groupingReport(result, terminal)) terminal.print(line);
  return results.some((result) => result.problems.length > 0) ? exitCodes.failed : exitCodes.ok;
}

function grouped(file: string, text: string, rules: Parameters<typeof groupEvent>[1]): GroupedFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Fault('unprocessable', `${file} is not JSON: ${(error as Error).message}`, { code: 'cli.not-json' });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Fault('unprocessable', `${file} does not hold an event: a JSON object is expected`, {
      code: 'cli.not-an-event',
    });
  }
  return groupEvent(parsed as Record<string, unknown>, rules);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Fault('missing', `${file} cannot be read: ${reasonOf(error)}`, { code: 'cli.unreadable' });
  }
}
