import { join } from 'node:path';
import { examplesDirectory, lineProgress, readSettings, runDemo, type StoryResult } from '../../app/index.ts';
import { describeFact } from '../../client/index.ts';
import { formatDuration } from '../../kernel/durations.ts';
import { untilStopped } from './up.ts';

/** Runs the whole loop on the example project, prints what happened, and stays up to be looked at. */
export async function demo(options: { json?: boolean; once?: boolean }): Promise<void> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const say = options.json ? () => {} : print;
  const settings = readSettings(process.env);
  say('Millrace demo: a Django shop goes through the whole loop, a bad commit included.');
  say(`Data in ${join(settings.dataDir, 'demo')}`);
  const { running, result, account } = await runDemo(settings, lineProgress(say), examplesDirectory());
  if (options.json)
    print(JSON.stringify({ event: 'told', url: running.url, gatewayUrl: running.gatewayUrl, account, ...result }));
  else for (const line of summary(result)) print(line);
  if (!options.once) {
    say(`\nLook around: ${running.url}  (sign in as ${account.email}, password "${account.password}")`);
    say('Ctrl-C stops it.');
    await untilStopped();
  }
  await running.stop();
  process.exit(0);
}

/** The timeline of the bad commit and the figures, as lines. */
export function summary(result: StoryResult): string[] {
  const lines = ['', 'What came of the bad commit:'];
  for (const { offsetMs, type, actor, data } of result.chronicle.lines) {
    const { text, details } = describeFact({
      id: '',
      type,
      subject: '',
      actor: { kind: 'system', id: '', name: actor },
      data,
    });
    const offset = `+${(offsetMs / 1000).toFixed(1)} s`.padStart(9);
    lines.push(`  ${offset}  ${text}${details.length > 0 ? `  (${details.join(', ')})` : ''}`);
  }
  lines.push(
    '',
    `The bad release served for ${formatDuration(result.badForMs)}; from the decision to the last known good: ${formatDuration(result.rollbackMs)}.`,
    `Visitors made ${result.traffic.requests} requests, ${result.traffic.failed} of them failed.`,
  );
  if (result.issue) lines.push(`The error: ${result.issue.title}`, `  ${result.issue.url}`);
  return lines;
}
